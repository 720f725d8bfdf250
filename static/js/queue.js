// One change at a time: while one is being saved, what is asked for next waits, so that it starts from the new draft.
// What was asked by a part that the answer replaced is asked again by the new part of the same id; late entries in a replaced
// form are carried over by inspector.js.
(() => {
  const SETTLED = 40; // ms: htmx has wired the new parts by then
  let busy = 0;
  const waiting = []; // { elt, go }

  const saves = (elt) => Boolean(elt.closest?.("[data-studio], #dialog")) && !elt.matches("textarea");

  const flush = () => {
    while (!busy && waiting.length) waiting.shift().go();
  };

  document.addEventListener("htmx:confirm", (event) => {
    const { elt, issueRequest } = event.detail;
    if (!busy || !saves(elt)) return;
    event.preventDefault();
    if (elt.matches("form") && waiting.some((other) => other.elt === elt)) return;
    const go = () => {
      if (elt.isConnected) issueRequest(true);
      else if (elt.id && !elt.matches("form")) document.getElementById(elt.id)?.click();
    };
    waiting.push({ elt, go });
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.requestConfig.verb !== "get" && saves(event.detail.elt)) {
      busy += 1;
      event.detail.xhr.addEventListener("loadend", () => {
        setTimeout(() => {
          busy -= 1;
          flush();
        }, SETTLED);
      });
    }
  });
})();
