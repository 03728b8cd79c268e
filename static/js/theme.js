// Light or dark: the system's choice until somebody makes one here, kept in this browser without a cookie.

const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");

function stored() {
  try {
    return localStorage.getItem("theme");
  } catch {
    return null; // storage refused by the browser's settings
  }
}

function store(theme) {
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // The choice then lasts as long as the page.
  }
}

function current() {
  return root.dataset.theme ?? (system.matches ? "dark" : "light");
}

function addSwitch() {
  const template = document.getElementById("theme-switch");
  if (!template) return;
  const item = template.content.firstElementChild.cloneNode(true);
  const button = item.querySelector("button");
  const label = () => {
    button.textContent = current() === "dark" ? button.dataset.light : button.dataset.dark;
  };
  button.addEventListener("click", () => {
    root.dataset.theme = current() === "dark" ? "light" : "dark";
    store(root.dataset.theme);
    label();
  });
  system.addEventListener("change", label);
  label();
  template.replaceWith(item);
}

const theme = stored();
if (theme === "light" || theme === "dark") root.dataset.theme = theme;
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", addSwitch);
else addSwitch();
