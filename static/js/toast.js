// Toasts: gone after 6 s unless hovered or focused; those that report an error stay. A failed request says so in one.
(() => {
  const LIFE = 6000;

  const settle = () => {
    for (const toast of document.querySelectorAll("[data-toast]:not([data-started])")) {
      toast.dataset.started = "";
      if (toast.dataset.toast === "stay") continue;
      const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, 1000) : toast.remove());
      setTimeout(leave, LIFE);
    }
  };

  const say = (text) => {
    const toast = document.createElement("div");
    toast.className = "toast";
    toast.dataset.toast = "stay";
    const words = document.createElement("div");
    words.className = "grow";
    words.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "btn btn-quiet btn-s";
    close.dataset.toastClose = "";
    close.textContent = "Dismiss";
    toast.append(words, close);
    document.getElementById("toasts")?.append(toast);
  };

  document.addEventListener("DOMContentLoaded", settle);
  document.addEventListener("htmx:afterSettle", settle);
  document.addEventListener("htmx:sendError", () => say("Not saved. The server did not answer. Your entries are still in the form; try again in a moment."));
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    if (status === 403) say("Not saved. You may not do this, or your session has ended; reload the page.");
    else if (status === 404) say("This is no longer there. Reload the page.");
    else say(`Not saved. The server answered with an error (${status}). Your entries are still in the form.`);
  });
  document.addEventListener("click", (event) => event.target.closest("[data-toast-close]")?.closest("[data-toast]").remove());
})();
