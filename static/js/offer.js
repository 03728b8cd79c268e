// The box « Ce que vous obtenez » follows what is typed. Where this does not run, its button asks for the same.
const form = document.getElementById("adhesion")
const button = document.getElementById("mettre-a-jour")
const WATCHED = ["terms", "amount", "headcount", "seats"]
const PAUSE = 500
let timer, request

async function refresh() {
  request?.abort()
  request = new AbortController()
  const sent = new FormData(form)
  sent.delete("proof")
  sent.set("preview", "1")
  try {
    const response = await fetch(form.action, { method: "POST", body: sent, signal: request.signal })
    if (!response.ok) throw new Error(response.status)
    const page = new DOMParser().parseFromString(await response.text(), "text/html")
    document.getElementById("offre").replaceChildren(...page.getElementById("offre").childNodes)
    button.hidden = true
  } catch (error) {
    if (error.name !== "AbortError") button.hidden = false
  }
}

if (form && button) {
  button.hidden = true
  form.addEventListener("input", (event) => {
    if (!WATCHED.includes(event.target.name)) return
    clearTimeout(timer)
    timer = setTimeout(refresh, PAUSE)
  })
}
