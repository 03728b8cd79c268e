// A button that copies the text of another element, or its `data-value`, where the browser can, and says so aloud.
const status = document.createElement("p")
status.className = "visually-hidden"
status.role = "status"
document.body.append(status)

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy)
    try {
      await navigator.clipboard.writeText(source.dataset.value ?? source.textContent)
    } catch {
      getSelection().selectAllChildren(source) // refused by the browser's settings: one key is left to press
      return
    }
    button.textContent = status.textContent = button.dataset.copied
  })
}
