/** The demo shop's own script: sign-in, bag and demo tools, and how a shop's page works with <privacy-desk>. */
(() => {
  "use strict";

  const desk = document.querySelector("privacy-desk");
  const find = (id) => document.getElementById(id);
  const [account, menu, list, signOut] = ["account", "people", "customers", "sign-out"].map(find);
  let backToDesk = false;
  const MEMORY = "larkspur-finch customer";

  async function json(address, body) {
    const options = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    const answer = await fetch(address, options);
    if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
    return answer.json();
  }

  // ------------------------------------------------------------------------------------------------ signing in

  /** In a real shop, the shop's server hands out the token to whoever is signed in there. */
  function shopToken(customer) {
    return async () => (await json("/demo/sign-in", { customer_id: customer.id })).shop_token;
  }

  async function become(customer) {
    sessionStorage.setItem(MEMORY, JSON.stringify(customer));
    show(customer);
    await desk.signIn(shopToken(customer), customer.id);
  }

  async function leave() {
    sessionStorage.removeItem(MEMORY);
    show(null);
    await desk.signOut();
  }

  function show(customer) {
    find("account-name").textContent = customer?.name ?? "Sign in";
    signOut.hidden = !customer;
    const address = customer?.email ? `?to=${encodeURIComponent(customer.email)}` : "";
    find("inbox").href = `/demo/inbox-page${address}`;
    for (const button of list.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.id === customer?.id));
  }

  const remembered = () => JSON.parse(sessionStorage.getItem(MEMORY) ?? "null");

  async function fillMenu() {
    if (list.childElementCount) return;
    for (const customer of await json("/demo/customers")) {
      const [name, note] = ["strong", "span"].map((tag) => document.createElement(tag));
      name.textContent = customer.name;
      note.textContent = customer.note;
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.id = customer.id;
      button.append(name, note);
      button.addEventListener("click", () => {
        toggleMenu(false);
        account.focus();
        become(customer);
        if (backToDesk) desk.show();
        backToDesk = false;
      });
      const item = document.createElement("li");
      item.append(button);
      list.append(item);
    }
    show(remembered());
  }

  async function toggleMenu(open, focus = false) {
    account.setAttribute("aria-expanded", String(open));
    menu.hidden = !open;
    document.querySelector(".top").classList.toggle("above", open);
    if (!open) return;
    await fillMenu();
    if (focus) list.querySelector("button")?.focus();
  }

  account.addEventListener("click", () => toggleMenu(menu.hidden));
  signOut.addEventListener("click", () => {
    toggleMenu(false);
    account.focus();
    leave();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || menu.hidden) return;
    toggleMenu(false);
    account.focus();
  });
  document.addEventListener("click", (event) => {
    if (!menu.hidden && !event.composedPath().includes(account.parentElement)) toggleMenu(false);
  });

  // On a phone the chat covers the page: it makes room for the menu and comes back after it.
  desk.addEventListener("privacy-desk-sign-in", () => {
    backToDesk = true;
    if (matchMedia("(max-width: 560px), (max-height: 460px)").matches) desk.hide();
    setTimeout(() => toggleMenu(true, true));
  });

  // ------------------------------------------------------------------------------------------------ the page

  for (const button of document.querySelectorAll("[data-open-desk]")) button.addEventListener("click", () => desk.show());

  for (const button of document.querySelectorAll("[data-bag]")) {
    button.addEventListener("click", () => {
      find("bag").textContent = String(Number(find("bag").textContent) + 1);
      button.textContent = "Added";
      setTimeout(() => (button.textContent = "Add to bag"), 1400);
    });
  }

  // ------------------------------------------------------------------------------------------------ demo tools

  function tell(clock) {
    const time = find("clock");
    time.dateTime = clock.now;
    time.textContent = new Date(clock.now).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
  }

  for (const button of document.querySelectorAll("[data-advance]")) {
    button.addEventListener("click", async () => tell(await json("/demo/clock", { advance: button.dataset.advance })));
  }
  json("/demo/clock").then(tell);

  const customer = remembered();
  show(customer);
  if (customer) desk.signIn(shopToken(customer), customer.id);
})();
