// Ctrl Z undoes and Ctrl Shift Z (or Ctrl Y) does it again; inside a text field the keys keep their own meaning.
(() => {
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    if (event.target.closest("input:not([type=checkbox], [type=radio]), textarea, dialog, [contenteditable]")) return;
    const button = document.querySelector(`[data-history="${key === "y" || event.shiftKey ? "redo" : "undo"}"]`);
    if (!button || button.disabled) return;
    event.preventDefault();
    button.click();
  });
})();
