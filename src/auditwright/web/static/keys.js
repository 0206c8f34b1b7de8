// Keys: / searches, j and k walk the rows of lists, Enter opens one, ? shows the keys.
// The server leaves this file out where its visitor switched the keys off. Where one stands is where the focus is,
// so that rows which htmx has exchanged need no care.
"use strict";
(() => {
  const links = () =>
    Array.from(document.querySelectorAll("[data-rows] tbody tr"), (row) => row.querySelector("a[href]")).filter(Boolean);

  const walk = (step) => {
    const all = links();
    if (!all.length) return;
    const row = document.activeElement?.closest("[data-rows] tbody tr");
    const at = row ? all.findIndex((link) => row.contains(link)) : -1;
    const to = at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1);
    all[to].focus({ preventScroll: true });
    all[to].closest("tr").scrollIntoView({ block: "nearest" });
  };

  const acts = {
    "/": () => document.getElementById("q")?.focus(),
    "?": () => document.getElementById("keys")?.togglePopover(),
    j: () => walk(1),
    k: () => walk(-1),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]")) return;
    if (!Object.hasOwn(acts, event.key)) return;
    event.preventDefault();
    acts[event.key]();
  });
})();
