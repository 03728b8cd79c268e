// Shows what needs a passkey where the browser has them, and says it when the key does not answer.
if (window.PublicKeyCredential) {
  for (const element of document.querySelectorAll("[data-passkey]")) element.hidden = false
  for (const element of document.querySelectorAll("[data-no-passkey]")) element.hidden = true
}

document.addEventListener("allauth.error", (event) => {
  event.preventDefault()
  document.getElementById("passkey-error").hidden = false
})
