// Selecting instances: the buttons wait until something is selected and then say how many.
(() => {
  const settle = () => {
    const form = document.querySelector("[data-select]");
    if (!form) return;
    const all = form.querySelector("[data-select-all]")?.checked;
    const count = form.querySelectorAll("[name=id]:checked").length;
    for (const button of form.querySelectorAll("[data-needs-selection]")) button.disabled = !all && !count;
    const page = form.querySelector("[data-select-page]");
    if (page) page.checked = count > 0 && count === form.querySelectorAll("[name=id]").length;
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-select-page]"))
      for (const box of document.querySelectorAll("[data-select] [name=id]")) box.checked = event.target.checked;
    settle();
  });
  document.addEventListener("DOMContentLoaded", settle);
  document.addEventListener("htmx:afterSettle", settle);
})();
