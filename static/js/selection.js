// One selection for diagram, outline and problems: a click or Enter loads its form; the inspector says what is selected.
(() => {
  const studio = () => document.querySelector("[data-studio]");
  const current = () => document.getElementById("inspector")?.dataset.ref ?? "";
  const revision = () => document.querySelector("[data-revision]")?.dataset.revision ?? "";
  const parts = (ref) => document.querySelectorAll(`#diagram [data-ref="${CSS.escape(ref)}"]`);

  const load = (values) => htmx.ajax("GET", studio().dataset.inspector, { source: studio(), swap: "none", values });
  let focusNext = ""; // what gets the focus once the form that was asked for is there

  const select = async (ref, field) => {
    focusNext = field ? `#inspector [name="${CSS.escape(field)}"]` : "";
    await load({ ref });
    const url = new URL(location.href);
    if (ref) url.searchParams.set("select", ref);
    else url.searchParams.delete("select");
    history.replaceState(history.state, "", url);
  };

  // Marks what is selected; the failure branch of an activity belongs to the activity's form.
  const mark = () => {
    const ref = current();
    for (const old of document.querySelectorAll("#diagram .is-selected")) old.classList.remove("is-selected");
    for (const old of document.querySelectorAll("#outline [aria-current]")) old.removeAttribute("aria-current");
    const chosen = ref ? [...parts(ref), ...parts(`${ref}/onFailure`)] : [];
    for (const part of chosen) part.classList.add("is-selected");
    const state = ref.split("/")[0];
    document.querySelector(`#outline [data-select="${CSS.escape(state)}"]`)?.setAttribute("aria-current", "true");
    if (chosen[0]) document.dispatchEvent(new CustomEvent("signalbox:reveal", { detail: chosen[0] }));
  };

  // One tab stop in the diagram; the arrows move to the nearest neighbour in that direction.
  const stops = () => [...document.querySelectorAll("#diagram [role=button][data-ref]")];
  const rove = () => {
    const all = stops(), ref = current();
    const stop = all.find((part) => part.dataset.ref === ref) ?? all[0];
    for (const part of all) part.setAttribute("tabindex", part === stop ? "0" : "-1");
  };
  const middle = (part) => {
    const box = part.getBoundingClientRect();
    return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
  };
  const DIRECTIONS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  const neighbour = (part, [dx, dy]) => {
    const from = middle(part);
    let best = null, least = Infinity;
    for (const other of stops()) {
      if (other === part) continue;
      const to = middle(other), along = (to.x - from.x) * dx + (to.y - from.y) * dy;
      const across = Math.abs((to.x - from.x) * dy) + Math.abs((to.y - from.y) * dx);
      if (along > 4 && along + 2 * across < least) [best, least] = [other, along + 2 * across];
    }
    return best;
  };

  const settle = () => {
    mark();
    rove();
  };
  document.addEventListener("DOMContentLoaded", settle);
  document.addEventListener("htmx:afterSettle", () => {
    settle();
    const field = focusNext && document.querySelector(focusNext);
    if (!field) return;
    focusNext = "";
    field.focus();
  });
  // The revision is read when the request really goes out.
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt === studio()) event.detail.parameters.revision = revision();
  });
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (["diagram", "inspector", "outline"].includes(event.detail.target?.id)) settle();
  });

  document.addEventListener("click", (event) => {
    const adder = event.target.closest("[data-new]");
    if (adder) {
      focusNext = "#inspector form:not([data-autosave]) :is(input:not([type=hidden]), select, textarea)";
      load({ new: adder.dataset.new, ref: current(), kind: adder.dataset.kind ?? "" });
      return;
    }
    const link = event.target.closest("[data-select]");
    const part = event.target.closest("#diagram [data-ref]");
    if (link && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      select(link.dataset.select, link.dataset.field);
    } else if (part) {
      select(part.dataset.ref);
    }
  });

  document.addEventListener("keydown", (event) => {
    const part = event.target.closest?.("#diagram [role=button][data-ref]");
    if (part && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      select(part.dataset.ref);
    } else if (part && DIRECTIONS[event.key]) {
      event.preventDefault();
      const next = neighbour(part, DIRECTIONS[event.key]);
      if (!next) return;
      for (const stop of stops()) stop.setAttribute("tabindex", stop === next ? "0" : "-1");
      next.focus({ preventScroll: true });
      document.dispatchEvent(new CustomEvent("signalbox:reveal", { detail: next }));
    } else if (event.key === "Delete" && !event.target.closest("input, textarea, select, dialog")) {
      document.querySelector("#inspector [data-delete]")?.click();
    }
  });

  // A label and its line light up together.
  for (const type of ["pointerover", "pointerout"]) {
    document.addEventListener(type, (event) => {
      const ref = event.target.closest?.("#diagram :is(.sb-edge, .sb-label)")?.dataset.ref;
      if (ref) for (const part of parts(ref)) part.classList.toggle("is-hover", type === "pointerover");
    });
  }
})();
