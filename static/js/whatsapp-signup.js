// Meta's Embedded Signup (v4): opens Meta's window and posts the code and the ids it returns to our server.
// The code lives for 30 seconds, so it is sent the moment both parts (code and ids) are there.
(() => {
  "use strict";

  const box = document.getElementById("whatsapp-signup");
  if (!box) return;
  const button = box.querySelector("[data-start]");
  const status = box.querySelector("[data-status]");
  const token = box.querySelector("[name=csrfmiddlewaretoken]").value;
  const found = { code: null, ids: null };
  let isSending = false;

  const say = (name) => {
    status.textContent = status.dataset[name];
    button.disabled = name === "waiting" || name === "saving";
  };

  const cameFromMeta = (origin) => {
    const host = new URL(origin).hostname;
    const sdk = document.querySelector("script[crossorigin][src]");
    return host === "facebook.com" || host.endsWith(".facebook.com") || (sdk && origin === new URL(sdk.src).origin);
  };

  window.addEventListener("message", (event) => {
    if (!cameFromMeta(event.origin)) return;
    let message;
    try {
      message = typeof event.data === "string" ? JSON.parse(event.data) : event.data;
    } catch {
      return;
    }
    if (message?.type !== "WA_EMBEDDED_SIGNUP") return;
    if (message.event === "CANCEL") return say("cancelled");
    if (message.event === "ERROR") return say("failed");
    if (!String(message.event).startsWith("FINISH")) return;
    const { waba_id: wabaId, phone_number_id: phoneNumberId, business_id: businessId } = message.data;
    found.ids = { wabaId, phoneNumberId, businessId };
    finish();
  });

  async function finish() {
    if (!found.code || !found.ids || isSending) return;
    isSending = true;
    say("saving");
    const response = await fetch(box.dataset.complete, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token },
      body: JSON.stringify({ code: found.code, ...found.ids }),
    }).catch(() => null);
    isSending = false;
    found.code = null;
    const answer = response ? await response.json().catch(() => ({})) : {};
    if (response?.ok) return window.location.assign(answer.next || box.dataset.next);
    say("failed");
    if (answer.detail) status.textContent = answer.detail;
  }

  function start() {
    if (!window.FB) return say("blocked");
    say("waiting");
    window.FB.login(
      (response) => {
        found.code = response.authResponse?.code || null;
        if (!found.code) return say("cancelled");
        finish();
      },
      {
        config_id: box.dataset.config,
        response_type: "code",
        override_default_response_type: true,
        extras: { version: "v4", setup: {} },
      },
    );
  }

  window.fbAsyncInit = () =>
    window.FB.init({ appId: box.dataset.app, autoLogAppEvents: false, xfbml: false, version: box.dataset.version });
  if (window.FB) window.fbAsyncInit();
  button.addEventListener("click", start);
})();
