// An open facet closes on Escape, and when one goes elsewhere.
const facets = document.querySelectorAll(".facet")

for (const facet of facets) {
  facet.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && facet.open) {
      facet.open = false
      facet.querySelector("summary").focus()
    }
  })
}

document.addEventListener("click", (event) => {
  for (const facet of facets) {
    if (!facet.contains(event.target)) facet.open = false
  }
})
