// Keys of the staff desk. ? shows them, / searches, g and a letter opens a page, j and k go through a list.
// They can be switched off (WCAG 2.1.4): a word that is dictated would press one after the other.
"use strict";
(() => {
  let waitsForLetter = 0;
  const typing = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable=true]") !== null;
  const links = () => [...document.querySelectorAll("table.list tbody a")];
  const step = (by) => {
    const all = links();
    const at = all.indexOf(document.activeElement);
    const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))];
    if (next) next.focus();
  };
  const switchedOff = () => localStorage.getItem("desk keys") === "off";
  // Quasar's dialogs have the role; the page behind either kind must not be acted on.
  const inDialog = () => document.querySelector("dialog[open], [role=dialog]") !== null;
  const open = (id) => {
    const dialog = document.getElementById(id);
    if (!dialog || dialog.open) return;
    dialog.querySelector("[data-keys]").checked = !switchedOff();
    dialog.showModal();
  };
  // A page's own keys: data-press on a button, data-focus around a field.
  const press = (letter, event) => {
    const button = document.querySelector(`[data-press="${letter}"]`);
    const field = document.querySelector(`textarea[data-focus="${letter}"], [data-focus="${letter}"] textarea`);
    if (button || field) event.preventDefault();
    if (button) button.click();
    else if (field) field.focus();
  };
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) open(opener.dataset.opens);
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-keys]")) localStorage.setItem("desk keys", event.target.checked ? "on" : "off");
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || inDialog() || switchedOff()) return;
    const letter = event.key;
    if (Date.now() - waitsForLetter < 1500) {
      waitsForLetter = 0;
      const link = /^[a-z]$/.test(letter) && document.querySelector(`nav.pages a[data-key="${letter}"]`);
      if (link) { event.preventDefault(); link.click(); return; }
    }
    if (letter === "g") waitsForLetter = Date.now();
    else if (letter === "?") open("keys");
    else if (letter === "/") { event.preventDefault(); document.querySelector(".search input")?.focus(); }
    else if (letter === "j") step(1);
    else if (letter === "k") step(-1);
    else if (/^[a-z]$/.test(letter)) press(letter, event);
  });

  // While the connection is lost: whoever is no longer signed in is led to the sign-in page.
  setInterval(async () => {
    if (document.getElementById("popup")?.getAttribute("aria-hidden") !== "false") return;
    const answer = await fetch(location.pathname, { method: "HEAD" }).catch(() => null);
    if (answer?.status === 401) location.assign(`/sign-in?then=${encodeURIComponent(location.pathname)}`);
  }, 2000);
})();
