// Keys: / searches, j and k walk the rows of the first list, Enter opens the row. Off with the cookie auditwright-keys=off.
"use strict";
(() => {
  const rows = () => Array.from(document.querySelectorAll("[data-rows] tbody tr"));
  let at = -1;
  const go = (step) => {
    const all = rows();
    if (!all.length) return;
    if (at >= 0) all[at].classList.remove("at");
    at = Math.min(Math.max(at + step, 0), all.length - 1);
    all[at].classList.add("at");
    const link = all[at].querySelector("a");
    if (link) link.focus();
    all[at].scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    const target = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target instanceof HTMLElement && target.closest("input, textarea, select")) return;
    switch (event.key) {
      case "/":
        event.preventDefault();
        document.getElementById("q")?.focus();
        break;
      case "j":
        go(1);
        break;
      case "k":
        go(-1);
        break;
      case "?":
        document.getElementById("keys")?.togglePopover();
        break;
    }
  });
})();
