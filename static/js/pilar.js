// Small conveniences; every page works without this file.
(() => {
  "use strict";

  const root = document.documentElement;

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
  });

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-dismiss], [data-opens], [data-copies]");
    if (!target) return;
    if ("dismiss" in target.dataset) target.closest("[data-toast]").remove();
    if (target.dataset.opens) document.getElementById(target.dataset.opens).showModal();
    if (target.dataset.copies) copy(target);
  });

  // Good news goes by itself; a refusal stays until it is closed.
  const READ_WITHIN = 8000;
  for (const toast of document.querySelectorAll("[data-toast]:not([role=alert])")) {
    const go = () => (toast.matches(":hover, :focus-within") ? setTimeout(go, READ_WITHIN) : toast.remove());
    setTimeout(go, READ_WITHIN);
  }

  document.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.asks;
    if (question && !window.confirm(question)) event.preventDefault();
  });

  // Enter sends on devices with a keyboard; Shift+Enter makes a new line.
  document.addEventListener("keydown", (event) => {
    const sends = event.target.matches?.("[data-sends]") && event.key === "Enter" && !event.shiftKey && !event.isComposing;
    if (!sends || window.matchMedia("(pointer: coarse)").matches) return;
    event.preventDefault();
    event.target.form.requestSubmit();
  });

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

  // The newest message is in view when a thread opens, and stays so for a reader who is at the end of it.
  const log = document.querySelector("[data-follows]");
  if (log) {
    const end = () => window.scrollTo(0, document.body.scrollHeight);
    const isAtEnd = () => window.innerHeight + window.scrollY > document.body.scrollHeight - 160;
    let wasAtEnd = true;
    end();
    document.addEventListener("htmx:before:swap", () => (wasAtEnd = isAtEnd()));
    document.addEventListener("htmx:after:swap", () => wasAtEnd && end());
  }
})();
