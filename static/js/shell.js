// The shell: palette, shortcuts, and parts that say how old they are. Pages work without it.
(() => {
  "use strict";

  const palette = document.getElementById("palette");
  const field = document.getElementById("palette-q");
  const shortcuts = document.getElementById("shortcuts");
  const singleKeys = shortcuts?.querySelector("[data-single-keys]");
  const KEYS_OFF = "single-keys-off";

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      return palette.open ? palette.close() : window.pilar.open("palette");
    }
    if (palette?.open) return walk(event);
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]") || document.querySelector("dialog[open]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || localStorage.getItem(KEYS_OFF)) return;
    if (event.key === "?") return window.pilar.open("shortcuts");
    go(event.key);
  });

  // "g", then the letter of a place.
  let saidG = 0;
  function go(key) {
    const second = Date.now() - saidG < 1200;
    saidG = key === "g" ? Date.now() : 0;
    if (second) document.querySelector(`.sidebar [data-key="${CSS.escape(key)}"]`)?.click();
  }

  // The arrows go through what was found; whoever types on is back in the field.
  function walk(event) {
    // A search field would only empty itself.
    if (event.key === "Escape") {
      event.preventDefault();
      return palette.close();
    }
    const hits = [...palette.querySelectorAll("[data-hit]")];
    const at = hits.indexOf(document.activeElement);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const next = event.key === "ArrowDown" ? at + 1 : at - 1;
      (next < 0 ? field : hits[Math.min(next, hits.length - 1)])?.focus();
    } else if (event.key === "Enter" && event.target === field) {
      event.preventDefault();
      hits[0]?.click();
    } else if (at >= 0 && event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey) {
      field.focus();
    }
  }

  if (singleKeys) {
    singleKeys.checked = !localStorage.getItem(KEYS_OFF);
    singleKeys.addEventListener("change", () =>
      singleKeys.checked ? localStorage.removeItem(KEYS_OFF) : localStorage.setItem(KEYS_OFF, "1"),
    );
  }

  // A part that could not be asked for again keeps what it shows and says how old that is.
  const freshAt = new WeakMap();
  const loadedAt = new Date();
  const partOf = (event) => (event.detail?.ctx?.sourceElement ?? event.target)?.closest?.(".part");
  const clock = (moment) => moment.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
  const grewOld = (event) => {
    const part = partOf(event);
    if (part) part.dataset.stale = `${document.body.dataset.asOf} ${clock(freshAt.get(part) ?? loadedAt)}`;
  };
  document.addEventListener("htmx:response:error", grewOld);
  document.addEventListener("htmx:error", grewOld);
  document.addEventListener("htmx:after:request", (event) => {
    const part = partOf(event);
    const status = event.detail?.ctx?.response?.raw?.status;
    if (!part || !status || status >= 400) return;
    freshAt.set(part, new Date());
    delete part.dataset.stale;
  });
  document.addEventListener("click", (event) => {
    const part = event.target.closest(".part-trouble a")?.closest(".part");
    if (!part) return;
    event.preventDefault();
    part.dispatchEvent(new CustomEvent("retry"));
  });
  window.addEventListener("online", () => {
    for (const part of document.querySelectorAll(".part[data-stale]")) part.dispatchEvent(new CustomEvent("retry"));
  });

  // Who had the focus in a part that was swapped keeps it, or gets the part itself.
  let held = null;
  document.addEventListener("htmx:before:swap", () => (held = document.activeElement));
  document.addEventListener("htmx:after:swap", (event) => {
    if (!held || held.isConnected || document.activeElement !== document.body) return;
    const target = (held.id && document.getElementById(held.id)) || event.target.closest?.("[id]");
    if (!target) return;
    if (!target.matches("a, button, input, select, textarea, [tabindex]")) target.tabIndex = -1;
    target.focus({ preventScroll: true });
  });
})();
