/** The policy page without this script is complete; it adds the print button and keeps the contents short on phones. */
(() => {
  "use strict";

  const button = document.getElementById("print");
  button.hidden = false;
  button.addEventListener("click", () => print());

  const contents = document.querySelector("nav details");
  const narrow = matchMedia("(max-width: 900px)");
  const fold = () => (contents.open = !narrow.matches);
  narrow.addEventListener("change", fold);
  fold();
  // Folding moves the page, so the cited clause is looked up once more.
  if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
})();
