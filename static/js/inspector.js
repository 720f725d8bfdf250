// Forms that save as a field is left. What is typed while an answer is under way is carried into the new form and sent after it.
// A control is known by its name and its place among those of the same name, because rows of actions repeat names.
(() => {
  let sent = new Map(), kept = new Map(), open = new Set(), focused = null;
  const value = (control) => (control.type === "checkbox" ? control.checked : control.value);
  const folds = () => [...document.querySelectorAll("#inspector details.fold")];
  const name = (fold) => fold.querySelector("summary").textContent.trim();
  const controls = () => {
    const found = new Map(), seen = new Map();
    for (const control of document.querySelectorAll("#inspector form[data-autosave] :is(input:not([name=revision], [name=ref]), select, textarea)")) {
      const place = seen.get(control.name) ?? 0;
      seen.set(control.name, place + 1);
      found.set(`${control.name} ${place}`, control);
    }
    return found;
  };

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!event.detail.elt.matches?.("form[data-autosave]")) return;
    sent = new Map([...controls()].map(([key, control]) => [key, value(control)]));
  });

  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    if (event.detail.target?.id !== "inspector") return;
    open = new Set(folds().filter((fold) => fold.open).map(name));
    kept = new Map();
    focused = null;
    if (!sent.size) return;
    for (const [key, control] of controls()) {
      if (sent.has(key) && sent.get(key) !== value(control)) kept.set(key, value(control));
      if (control === document.activeElement) focused = key;
    }
    sent = new Map();
  });

  document.addEventListener("htmx:afterSettle", () => {
    for (const fold of folds()) if (open.has(name(fold))) fold.open = true;
    open = new Set();
    const now = controls();
    if (focused && now.has(focused) && document.activeElement !== now.get(focused)) now.get(focused).focus();
    focused = null;
    let form = null;
    for (const [key, typed] of kept) {
      const control = now.get(key);
      if (!control || value(control) === typed) continue;
      if (control.type === "checkbox") control.checked = typed;
      else control.value = typed;
      control.dataset.unsent = "";
      if (control !== document.activeElement) form = control.form;
    }
    kept = new Map();
    form?.requestSubmit();
  });

  document.addEventListener("focusout", (event) => {
    if (!event.target.matches("[data-unsent]")) return;
    delete event.target.dataset.unsent;
    event.target.dispatchEvent(new Event("change", { bubbles: true }));
  });
})();
