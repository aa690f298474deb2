// Chats: sending without waiting, drafts, saved replies, what is new. Without this file the forms are plain forms.
(() => {
  "use strict";

  const isPolled = (element) => element.getAttribute?.("hx-trigger")?.startsWith("every");

  // Nobody looks at a hidden pane or a tab in the background, so nothing is asked for.
  document.addEventListener("htmx:before:request", (event) => {
    const source = event.detail.ctx?.sourceElement;
    if (source && isPolled(source) && (document.hidden || !source.checkVisibility())) event.preventDefault();
  });

  // A pane that could not be refreshed says how old it is.
  const answeredAt = new WeakMap();
  const paneOf = (event) => event.detail.ctx?.sourceElement?.closest?.("[data-live]");
  const tellAge = (pane, isStale) => {
    const note = pane?.querySelector("[data-stale]");
    if (!note) return;
    note.hidden = !isStale;
    const at = answeredAt.get(pane) ?? new Date();
    note.querySelector("[data-stale-at]").textContent = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  };
  for (const name of ["htmx:error", "htmx:response:error"]) {
    document.addEventListener(name, (event) => tellAge(paneOf(event), true));
  }
  document.addEventListener("htmx:after:request", (event) => {
    const pane = paneOf(event);
    if (!pane || event.detail.ctx.response.status >= 400) return;
    answeredAt.set(pane, new Date());
    tellAge(pane, false);
  });

  // A chat that moved to the top is not shown a second time further down.
  document.addEventListener("htmx:after:swap", (event) => {
    if (event.detail.ctx?.sourceElement?.id !== "chat-rows") return;
    const rows = [...document.querySelectorAll("#chat-rows li[id]")].map((row) => row.id);
    for (const row of document.querySelectorAll(".pane > .chat-list li[id]")) row.hidden = rows.includes(row.id);
  });

  const thread = document.querySelector("[data-thread]");
  if (!thread) return;
  const log = thread.querySelector("#log");
  const head = thread.querySelector("#head");

  // The reason of a message opens beside the chat.
  thread.addEventListener("click", async (event) => {
    const link = event.target.closest("[data-why]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    await htmx.ajax("GET", `${link.href}?part=1`, { target: "#why-body", swap: "innerHTML" });
    document.getElementById("why").showModal();
  });

  // The newest words are in view (the scroller runs backwards); who reads further up is told of new ones.
  const scroller = thread.querySelector("[data-scroll]");
  const toEnd = thread.querySelector("[data-to-end]");
  const isAtEnd = () => scroller.scrollTop > -120;
  if (log) {
    new MutationObserver((changes) => {
      const isNew = changes.some((change) => [...change.addedNodes].some((node) => node.nodeType === Node.ELEMENT_NODE));
      if (isNew && !isAtEnd()) toEnd.hidden = false;
    }).observe(log, { childList: true, subtree: true });
    scroller.addEventListener("scroll", () => isAtEnd() && (toEnd.hidden = true), { passive: true });
    toEnd.addEventListener("click", () => {
      scroller.scrollTo({ top: 0 });
      scroller.focus();
    });
  }

  const form = thread.querySelector("[data-composer]");
  if (!form) return;
  const area = form.elements.text;
  const draftName = `draft:${thread.dataset.thread}`;
  const outboxName = `outbox:${thread.dataset.thread}`;

  const count = thread.querySelector("[data-count]");
  const tell = () => {
    const left = Number(count.dataset.longest) - area.value.length;
    count.hidden = area.value.length < 200;
    count.textContent = `${area.value.length} / ${count.dataset.longest}`;
    count.classList.toggle("tone-bad", left < 100);
  };
  const keepDraft = () => {
    if (area.value) sessionStorage.setItem(draftName, area.value);
    else sessionStorage.removeItem(draftName);
    tell();
  };
  area.value ||= sessionStorage.getItem(draftName) ?? "";
  tell();
  area.addEventListener("input", keepDraft);

  const insert = (words) => {
    area.setRangeText(words, area.selectionStart, area.selectionEnd, "end");
    area.focus();
    keepDraft();
  };
  thread.addEventListener("click", (event) => {
    const button = event.target.closest("[data-inserts]");
    if (!button) return;
    button.closest("details")?.removeAttribute("open");
    insert(button.dataset.inserts);
  });
  const replies = thread.querySelector("[data-replies]");
  area.addEventListener("keydown", (event) => {
    if (event.key !== "/" || area.value) return;
    const first = replies?.querySelector("[data-inserts]");
    if (!first) return;
    event.preventDefault();
    replies.open = true;
    first.focus();
  });
  replies?.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    replies.open = false;
    area.focus();
  });

  // What is being sent stands in the thread at once. It stays here until the server has it, also offline or after a
  // reload; its key makes sure that it goes out once.
  const pending = thread.querySelector("[data-pending]");
  const pattern = document.getElementById("pending-bubble");
  const outbox = () => JSON.parse(sessionStorage.getItem(outboxName) ?? "[]");
  const keepOutbox = (entries) => sessionStorage.setItem(outboxName, JSON.stringify(entries));
  const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

  const forget = (entry) => keepOutbox(outbox().filter((other) => other.key !== entry.key));
  const show = (entry) => {
    const bubble = pattern.content.firstElementChild.cloneNode(true);
    bubble.firstElementChild.textContent = entry.text;
    bubble.querySelector("[data-again]").addEventListener("click", () => {
      area.focus();
      send(entry, bubble);
    });
    bubble.querySelector("[data-discard]").addEventListener("click", () => {
      forget(entry);
      bubble.remove();
      area.focus();
    });
    bubble.dataset.sending = bubble.querySelector("[data-state]").textContent;
    pending.append(bubble);
    scroller.scrollTo({ top: 0 });
    return bubble;
  };
  const fail = (bubble, words, isFinal) => {
    bubble.querySelector("[data-state]").textContent = words;
    bubble.querySelector("[data-failed]").hidden = false;
    bubble.querySelector("[data-again]").hidden = isFinal;
    bubble.classList.add("is-failed");
  };

  async function send(entry, bubble) {
    bubble.classList.remove("is-failed");
    bubble.querySelector("[data-failed]").hidden = true;
    bubble.querySelector("[data-state]").textContent = bubble.dataset.sending;
    const body = new URLSearchParams(new FormData(form));
    body.set("text", entry.text);
    body.set("key", entry.key);
    const headers = { "HX-Request": "true", Accept: "text/html" };
    const response = await fetch(form.action, { method: "POST", body, headers }).catch(() => null);
    if (!response || response.status >= 500) return fail(bubble, thread.dataset.offline, false);
    if (response.redirected) return window.location.reload();
    if (!response.ok) return fail(bubble, await response.text(), true);
    forget(entry);
    log.addEventListener("htmx:finally:request", () => bubble.remove(), { once: true });
    htmx.trigger(log, "refresh");
    htmx.trigger(head, "refresh");
  }

  form.addEventListener("submit", (event) => {
    if (!pending) return;
    event.preventDefault();
    const entry = { key: newKey(), text: area.value.trim() };
    if (!entry.text) return;
    keepOutbox([...outbox(), entry]);
    area.value = "";
    keepDraft();
    send(entry, show(entry));
    area.focus();
  });
  if (!pending) return;
  for (const entry of outbox()) send(entry, show(entry));
  window.addEventListener("online", () => {
    for (const button of pending.querySelectorAll(".is-failed [data-again]:not([hidden])")) button.click();
  });
})();
