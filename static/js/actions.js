// Rows of an action editor: remove, move up, and the focus on a row that was just added.
(() => {
  const changed = (form) => form?.matches("[data-autosave]") && form.requestSubmit();

  document.addEventListener("click", (event) => {
    const row = event.target.closest("[data-action]");
    if (!row) return;
    const form = row.closest("form");
    if (event.target.closest("[data-action-remove]")) {
      row.remove();
      changed(form);
    } else if (event.target.closest("[data-action-up]") && row.previousElementSibling) {
      row.previousElementSibling.before(row);
      changed(form);
    }
  });

  document.addEventListener("htmx:afterSettle", () => {
    for (const row of document.querySelectorAll("[data-new-row]")) {
      row.removeAttribute("data-new-row");
      const field = row.querySelector("textarea, input:not([type=hidden])");
      if (field) field.focus();
      else changed(row.closest("form"));
    }
  });
})();
