"use strict";

const handset = document.getElementById("handset");
const number = handset.dataset.number;
const chat = document.getElementById("chat");
const peer = document.getElementById("peer");
const state = document.getElementById("state");
const address = `/_control/phone/${encodeURIComponent(number)}`;
let shown = "";

function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

function bubble(message, mine) {
  const item = document.createElement("li");
  item.classList.toggle("mine", mine);
  item.append(message.text);
  const note = document.createElement("small");
  const kind = message.template ? `template ${message.template}` : message.channel;
  note.textContent = `${clock(message.at)} · ${mine ? "you" : message.from} · ${kind}`;
  item.append(note);
  if (!mine && message.buttons.length) {
    const replies = document.createElement("div");
    replies.className = "replies";
    for (const text of message.buttons) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = text;
      button.addEventListener("click", () => send(text, message.from, text));
      replies.append(button);
    }
    item.append(replies);
  }
  return item;
}

function addPeers(numbers) {
  const known = new Set([...peer.options].map((option) => option.value));
  for (const [value, name] of numbers) {
    if (!known.has(value)) {
      peer.add(new Option(name ? `${name} (${value})` : value, value));
      known.add(value);
    }
  }
}

async function refresh() {
  const [phone, studios] = await Promise.all([
    fetch(address).then((answer) => answer.json()),
    fetch("/_control/studios").then((answer) => answer.json()),
  ]);
  addPeers(studios.map((studio) => [studio.number, studio.name]));
  const all = [...phone.messages.map((m) => [m, false]), ...phone.sent.map((m) => [m, true])];
  all.sort((a, b) => a[0].at - b[0].at);
  const fingerprint = all.map(([m]) => m.id).join();
  if (fingerprint === shown) return;
  shown = fingerprint;
  chat.replaceChildren(...all.map(([m, mine]) => bubble(m, mine)));
  document.getElementById("nothing").hidden = all.length > 0;
  const newest = phone.messages.at(-1);
  if (newest && newest.channel === "whatsapp") {
    addPeers([[newest.from, ""]]);
    peer.value = newest.from;
  }
  chat.lastElementChild?.scrollIntoView({ block: "end" });
}

async function send(text, to, button) {
  if (!to) {
    state.textContent = "No studio has a WhatsApp number yet.";
    return false;
  }
  const answer = await fetch(`${address}/send`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ to, text, ...(button ? { button } : {}) }),
  });
  state.textContent = answer.ok ? "Sent." : (await answer.json()).error;
  await refresh();
  return answer.ok;
}

document.getElementById("compose").addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = event.target.elements.text;
  const text = field.value;
  field.value = "";
  if (!(await send(text, peer.value))) field.value = text;
});

async function poll() {
  try {
    await refresh();
  } catch {
    state.textContent = "The sandbox does not answer; trying again.";
  }
  setTimeout(poll, 1500);
}

poll();
