// A state of the diagram leads to its instances; the filter form and the machine list act when they are changed.
(() => {
  const follow = (event) => {
    const state = event.target.closest?.("[data-filter] :is(.sb-state, .sb-cluster)");
    if (!state) return;
    location.assign(`${state.closest("[data-filter]").dataset.filter}?state=${encodeURIComponent(state.dataset.ref)}`);
  };
  document.addEventListener("click", follow);
  document.addEventListener("keydown", (event) => event.key === "Enter" && follow(event));
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-goto]")) location.assign(event.target.value);
    else event.target.closest("[data-autosubmit]")?.requestSubmit();
  });
})();
