// Small conveniences; every page works without this file.
(() => {
  "use strict";

  const root = document.documentElement;
  root.toggleAttribute("data-script", true);

  // Where one is among tabs or filters that slide is in view.
  for (const here of document.querySelectorAll(":is(.tabs-line, .chips, .chips-scroll) > [aria-current]")) {
    const row = here.parentElement;
    row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
  }

  // Browsers leave what is half in view where it is.
  document.addEventListener("focusin", (event) => {
    if (event.target.matches(":is(.tabs-line, .chips, .chips-scroll) > *")) event.target.scrollIntoView({ block: "nearest", inline: "nearest" });
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
  });

  document.addEventListener("click", (event) => {
    // A click beside a dialog closes it, also where `closedby` is not known.
    if (event.target.matches("dialog.dialog")) event.target.close();
    const target = event.target.closest("[data-dismiss], [data-opens], [data-closes], [data-copies], [data-print]");
    if (!target) return;
    if ("dismiss" in target.dataset) {
      target.closest("[data-toast]").remove();
      document.getElementById("main")?.focus({ preventScroll: true });
    }
    if ("closes" in target.dataset) target.closest("dialog").close();
    if (target.dataset.opens && open(target.dataset.opens)) event.preventDefault();
    if (target.dataset.copies) copy(target);
    if ("print" in target.dataset) window.print();
  });

  // Good news goes by itself; a refusal and what can be undone stay until they are closed.
  const READ_WITHIN = 8000;
  for (const toast of document.querySelectorAll(".toasts > [data-toast]:not([role=alert], :has(form))")) {
    const go = () => (toast.matches(":hover, :focus-within") ? setTimeout(go, READ_WITHIN) : toast.remove());
    setTimeout(go, READ_WITHIN);
  }

  // A form is sent once: its button turns until the answer is there.
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (button?.dataset.asks && !window.confirm(button.dataset.asks)) event.preventDefault();
    if (event.defaultPrevented || !button?.matches(".btn") || event.target.method === "dialog") return;
    if (button.ariaBusy === "true") return event.preventDefault();
    event.target.toggleAttribute("data-dirty", false);
    if (!("stays" in event.target.dataset)) button.ariaBusy = "true";
  });
  window.addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("form .btn[aria-busy=true]")) button.ariaBusy = null;
  });

  // Who works with the keyboard goes on where they were when a form or a filter led back to its own page; a refused answer
  // comes first, for everybody.
  const PLACE = "keyboard-place";
  const keepPlace = (element, href) => {
    const near = element.parentElement.closest("[id]")?.id;
    const place = { path: location.pathname, id: element.id, name: element.name, action: element.form?.getAttribute("action"), href, near };
    sessionStorage.setItem(PLACE, JSON.stringify(place));
  };
  document.addEventListener("submit", (event) => {
    const held = event.target.contains(document.activeElement) ? document.activeElement : event.submitter;
    if (!event.defaultPrevented && held?.matches(":focus-visible")) keepPlace(held);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (event.detail === 0 && link?.pathname === location.pathname && !link.hash) keepPlace(link, link.href);
  });
  const place = JSON.parse(sessionStorage.getItem(PLACE) ?? "{}");
  sessionStorage.removeItem(PLACE);
  const same = (kind, check) => [...document.querySelectorAll(kind)].find(check);
  const goOn = () => {
    const refused = document.querySelector("main [aria-invalid=true]");
    if (refused) return refused;
    if (place.path !== location.pathname || location.hash) return null;
    const inForm = (element) => element.name === place.name && element.form && element.form.getAttribute("action") === place.action;
    return (
      (place.id && document.getElementById(place.id)) ||
      (place.href && same("a[href]", (link) => link.href === place.href)) ||
      same("button, input, select, textarea", inForm) ||
      document.getElementById(place.near)
    );
  };
  const next = document.querySelector("[autofocus]") ? null : goOn();
  if (next && !next.matches("a, button, input, select, textarea, summary, [tabindex]")) next.tabIndex = -1;
  next?.focus();

  // What was typed into a form with `data-guards` and not saved is not lost by a wrong tap.
  document.addEventListener("input", (event) => event.target.form?.matches("[data-guards]") && event.target.form.toggleAttribute("data-dirty", true));
  window.addEventListener("beforeunload", (event) => document.querySelector("form[data-dirty]") && event.preventDefault());

  // The login library tells of a passkey that failed or was called off.
  document.addEventListener("allauth.error", (event) => {
    const told = document.querySelector("[data-passkey-failed]");
    if (!told) return;
    event.preventDefault();
    told.hidden = false;
  });

  // Enter sends on devices with a keyboard; Shift+Enter makes a new line.
  document.addEventListener("keydown", (event) => {
    const sends = event.target.matches?.("[data-sends]") && event.key === "Enter" && !event.shiftKey && !event.isComposing;
    if (!sends || window.matchMedia("(pointer: coarse)").matches) return;
    event.preventDefault();
    event.target.form.requestSubmit();
  });

  // htmx begins to listen in a timer of its own; this one was set after it and rings after it.
  const htmxListens = new Promise((listens) => setTimeout(listens));

  // What is inside a dialog and loads on `shown` does so each time it opens.
  function open(id) {
    const dialog = document.getElementById(id);
    dialog?.showModal();
    htmxListens.then(() => {
      for (const part of dialog?.querySelectorAll("[hx-trigger*=shown]") ?? []) part.dispatchEvent(new CustomEvent("shown"));
    });
    return Boolean(dialog);
  }
  window.pilar = { open };

  async function copy(button) {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent.trim());
    button.querySelector("[data-label]").textContent = button.dataset.done;
  }

  const tellConnection = () => root.toggleAttribute("data-offline", !navigator.onLine);
  window.addEventListener("online", tellConnection);
  window.addEventListener("offline", tellConnection);
  tellConnection();

  // A polled part that was answered by another page (signed out meanwhile): show that page instead.
  document.addEventListener("htmx:before:swap", (event) => {
    if (!event.detail.ctx?.response?.raw?.redirected) return;
    event.preventDefault();
    window.location.reload();
  });
})();
