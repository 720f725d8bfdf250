// Pan and zoom of the diagram by its viewBox: wheel, drag, buttons, and the keys F (fit), 0 (100 %), + and -.
// The view survives a redraw, because it is kept here and applied to the new drawing.
(() => {
  const LEAST = 0.1, MOST = 4, OPEN_LEAST = 0.75, MARGIN = 24, TOP = 64;
  const canvas = () => document.querySelector("[data-canvas]");
  const drawing = () => document.querySelector("#diagram > svg.sb-diagram");
  let view = null; // x, y: left upper corner in the drawing's own units; k: pixels per unit
  let size = null; // of the drawing: x, y, w, h
  let drag = null;
  let touched = false; // until somebody moves the view, each new drawing is framed anew

  const read = () => {
    const svg = drawing();
    if (!svg) return false;
    if (!svg.dataset.box) svg.dataset.box = svg.getAttribute("viewBox");
    const [x, y, w, h] = svg.dataset.box.split(/[ ,]+/).map(Number);
    size = { x, y, w, h };
    return true;
  };

  const area = () => {
    const box = canvas().getBoundingClientRect();
    return { w: Math.max(box.width, 1), h: Math.max(box.height, 1) };
  };

  const apply = () => {
    const svg = drawing();
    if (!svg || !view) return;
    const { w, h } = area();
    svg.setAttribute("width", w);
    svg.setAttribute("height", h);
    svg.setAttribute("viewBox", `${view.x} ${view.y} ${w / view.k} ${h / view.k}`);
    const text = document.querySelector("[data-zoom-text]");
    if (text) text.textContent = `${Math.round(view.k * 100)}%`;
  };

  // Fit shows all of it; the first look fits the width but stays readable.
  const place = (k, atTop) => {
    const { w, h } = area();
    const tall = atTop && size.h * k > h - TOP;
    view = { k, x: size.x + size.w / 2 - w / k / 2, y: tall ? size.y - TOP / k : size.y + size.h / 2 - h / k / 2 };
    if (atTop && size.w * k > w - 2 * MARGIN) view.x = size.x - MARGIN / k;
    apply();
  };
  const fit = () => {
    const { w, h } = area();
    touched = true;
    place(Math.min((w - 2 * MARGIN) / size.w, (h - 2 * MARGIN) / size.h, 1.25), false);
  };
  const open = () => place(Math.min(Math.max((area().w - 2 * MARGIN) / size.w, OPEN_LEAST), 1), true);

  const zoom = (factor, at) => {
    if (!view) return;
    const box = canvas().getBoundingClientRect();
    const px = at ? at.x - box.left : box.width / 2, py = at ? at.y - box.top : box.height / 2;
    const k = Math.min(MOST, Math.max(LEAST, view.k * factor));
    touched = true;
    view = { k, x: view.x + px / view.k - px / k, y: view.y + py / view.k - py / k };
    apply();
  };

  // Brings a part of the drawing into sight with the least movement.
  const reveal = (element) => {
    if (!view || !element) return;
    const box = canvas().getBoundingClientRect(), part = element.getBoundingClientRect();
    const shift = (low, high, from, to) => (low < from ? low - from : high > to ? high - to : 0);
    view.x += shift(part.left, part.right, box.left + MARGIN, box.right - MARGIN) / view.k;
    view.y += shift(part.top, part.bottom, box.top + TOP, box.bottom - TOP) / view.k;
    apply();
  };

  const refresh = () => {
    if (!canvas() || !read()) return;
    if (view && touched) apply();
    else open();
  };

  document.addEventListener("DOMContentLoaded", () => {
    const place = canvas();
    if (!place) return;
    refresh();
    new ResizeObserver(refresh).observe(place);
    place.addEventListener("wheel", (event) => {
      if (!view) return;
      event.preventDefault();
      if (event.ctrlKey || event.metaKey) zoom(Math.exp(-event.deltaY / 200), { x: event.clientX, y: event.clientY });
      else {
        touched = true;
        view.x += (event.shiftKey ? event.deltaY : event.deltaX) / view.k;
        view.y += (event.shiftKey ? 0 : event.deltaY) / view.k;
        apply();
      }
    }, { passive: false });
    place.addEventListener("pointerdown", (event) => {
      if (!view || event.button > 1 || event.target.closest(".canvas-tools, .notice, .empty")) return;
      drag = { x: event.clientX, y: event.clientY, from: { ...view }, moved: false };
    });
    addEventListener("pointermove", (event) => {
      if (!drag) return;
      const dx = event.clientX - drag.x, dy = event.clientY - drag.y;
      if (!drag.moved && Math.hypot(dx, dy) < 4) return;
      drag.moved = touched = true;
      place.classList.add("is-panning");
      view = { ...drag.from, x: drag.from.x - dx / view.k, y: drag.from.y - dy / view.k };
      apply();
    });
    addEventListener("pointerup", () => {
      if (drag?.moved) {
        const swallow = (event) => event.stopPropagation();
        addEventListener("click", swallow, { capture: true, once: true });
        setTimeout(() => {
          removeEventListener("click", swallow, { capture: true });
          place.classList.remove("is-panning");
        });
      }
      drag = null;
    });
    addEventListener("pointercancel", () => (drag = null));
  });

  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (event.detail.target.id === "diagram" || event.target.id === "diagram") refresh();
  });
  document.addEventListener("signalbox:reveal", (event) => reveal(event.detail));

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-zoom]");
    if (!button || !size) return;
    if (button.dataset.zoom === "fit") fit();
    else zoom(button.dataset.zoom === "in" ? 1.2 : 1 / 1.2);
  });
  document.addEventListener("keydown", (event) => {
    if (!size || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
    if (event.key === "f" || event.key === "F") fit();
    else if (event.key === "0") place(1, true);
    else if (event.key === "+" || event.key === "=") zoom(1.2);
    else if (event.key === "-") zoom(1 / 1.2);
  });
})();
