// Dialogs and menus: a dialog that arrives in #dialog opens as a modal; [data-close] and Escape close it; menus close outside.
(() => {
  const host = () => document.getElementById("dialog");
  let opener = null;

  const open = () => {
    const dialog = host()?.querySelector("dialog");
    if (!dialog || dialog.open) return;
    opener = document.activeElement?.id || null;
    dialog.addEventListener("close", () => {
      host().replaceChildren();
      if (opener) document.getElementById(opener)?.focus();
    });
    dialog.showModal();
  };

  document.addEventListener("htmx:afterSettle", open);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]") || event.target.matches("dialog")) event.target.closest("dialog")?.close();
    for (const menu of document.querySelectorAll("[data-menu][open]")) {
      if (!menu.contains(event.target) || event.target.closest("[data-menu-item]")) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target.closest?.("[data-menu][open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
})();
