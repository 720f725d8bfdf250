// Live parts: [data-live] asks again every 3 s and swaps only what changed (ETag, 304). Nothing moves while the pointer or the
// focus is in a [data-calm] place, while something is selected or a dialog is open; Pause stops it and says so.
(() => {
  const EVERY = 3000;
  const tags = new Map();
  let paused = false;
  let last = Date.now();

  const part = () => document.querySelector("[data-live]");
  const busy = () =>
    document.hidden ||
    document.querySelector("dialog[open]") ||
    part()?.querySelector("[data-calm]:hover, [data-calm]:focus-within, input:checked, details[open]") ||
    !(getSelection()?.isCollapsed ?? true);

  const say = (words, ok) => {
    const line = document.querySelector("[data-live-words]");
    if (line && line.textContent !== words) line.textContent = words;
    document.querySelector("[data-live-dot]")?.classList.toggle("k-final", ok);
    document.querySelector("[data-live-dot]")?.classList.toggle("k-changed", !ok);
  };
  const tell = () => {
    const age = Math.round((Date.now() - last) / 1000);
    if (paused) say("Paused", false);
    else if (age > 20) say(`No answer for ${age} s`, false);
    else say("Live", true);
  };

  setInterval(() => {
    tell();
    if (busy()) last = Math.max(last, Date.now() - EVERY);
    else if (part() && !paused) htmx.trigger(part(), "live");
  }, EVERY);

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-live-pause]");
    if (!button) return;
    paused = !paused;
    button.setAttribute("aria-pressed", String(paused));
    for (const words of button.querySelectorAll("[data-when]")) words.hidden = (words.dataset.when === "paused") !== paused;
    tell();
  });

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.target.matches("[data-live]") && tags.has(event.detail.path)) event.detail.headers["If-None-Match"] = tags.get(event.detail.path);
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, elt, pathInfo } = event.detail;
    if (!elt.matches("[data-live]")) return;
    last = Date.now();
    if (xhr.status === 304 || busy()) event.detail.shouldSwap = false;
    else if (xhr.status === 200) tags.set(pathInfo.requestPath, xhr.getResponseHeader("ETag"));
    if (event.detail.shouldSwap) keepScroll();
  });

  let places = [];
  const keepScroll = () => {
    places = [...part().querySelectorAll("[data-calm][id]")].map((box) => [box.id, box.scrollLeft, box.scrollTop]);
  };
  document.addEventListener("htmx:afterSwap", () => {
    for (const [id, left, top] of places) document.getElementById(id)?.scrollTo({ left, top, behavior: "instant" });
    places = [];
  });

  // A live part that gets no answer says so in its own line; a toast every 3 s would only be in the way.
  for (const name of ["htmx:sendError", "htmx:responseError"])
    document.addEventListener(name, (event) => event.target.matches?.("[data-live]") && event.stopImmediatePropagation(), true);
})();
