"""Going through a page with the keys alone."""

NAME = """() => {
  const focused = document.activeElement
  return (focused.labels?.[0]?.innerText || focused.innerText || focused.value || "").trim()
}"""


def tab_to(page, name, *, most=60):
    """Press Tab until what has the focus begins with these words."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate(NAME).startswith(name):
            return
    raise AssertionError(f"{name} is not reached by the keyboard")
