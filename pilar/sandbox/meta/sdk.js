// The part of Meta's JavaScript SDK that Embedded Signup v4 needs: FB.init and FB.login.
(function () {
  "use strict";

  var script = document.currentScript;
  var origin = script ? new URL(script.src, location.href).origin : location.origin;
  var settings = null;
  var waiting = null;

  function answer(response) {
    if (!waiting) return;
    var done = waiting;
    waiting = null;
    clearInterval(done.timer);
    done.callback(response);
  }

  window.addEventListener("message", function (event) {
    if (event.origin !== origin || !waiting || event.source !== waiting.popup) return;
    var message = event.data;
    if (!message || message.type !== "sandbox.login") return;
    if (message.code) {
      answer({ authResponse: { code: message.code, userID: null, expiresIn: null }, status: "connected" });
    } else {
      answer({ authResponse: null, status: "unknown" });
    }
  });

  window.FB = {
    init: function (options) {
      if (!options || !options.appId || !options.version) throw new Error("FB.init needs appId and version");
      settings = options;
    },
    login: function (callback, options) {
      options = options || {};
      if (!settings) throw new Error("FB.login() called before FB.init().");
      if (typeof callback !== "function") throw new Error("FB.login needs a callback that is a plain function");
      if (callback.constructor.name === "AsyncFunction") {
        throw new Error("Expression is of type asyncfunction, not function");
      }
      var query = new URLSearchParams({ app_id: settings.appId, response_type: options.response_type || "token" });
      if (options.config_id) query.set("config_id", options.config_id);
      var popup = window.open(origin + "/_meta/signup?" + query, "meta-signup", "popup,width=600,height=760");
      if (!popup) {
        callback({ authResponse: null, status: "unknown" });
        return;
      }
      waiting = { callback: callback, popup: popup, timer: 0 };
      waiting.timer = setInterval(function () {
        if (popup.closed) answer({ authResponse: null, status: "unknown" });
      }, 500);
    },
    getLoginStatus: function (callback) {
      callback({ authResponse: null, status: "unknown" });
    },
    AppEvents: { logPageView: function () {} },
  };

  if (typeof window.fbAsyncInit === "function") setTimeout(window.fbAsyncInit, 0);
})();
