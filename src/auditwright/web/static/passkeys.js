// Passkeys: a form with data-passkey asks the browser to make or to use one, and sends what it answered.
"use strict";
(() => {
  const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const toText = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const withIds = (list) => (list || []).map((each) => ({ ...each, id: toBytes(each.id) }));

  const make = async (options) => {
    const publicKey = {
      ...options,
      challenge: toBytes(options.challenge),
      user: { ...options.user, id: toBytes(options.user.id) },
      excludeCredentials: withIds(options.excludeCredentials),
    };
    const made = await navigator.credentials.create({ publicKey });
    return {
      id: made.id,
      rawId: toText(made.rawId),
      type: made.type,
      response: {
        attestationObject: toText(made.response.attestationObject),
        clientDataJSON: toText(made.response.clientDataJSON),
      },
    };
  };

  const use = async (options) => {
    const publicKey = {
      ...options,
      challenge: toBytes(options.challenge),
      allowCredentials: withIds(options.allowCredentials),
    };
    const used = await navigator.credentials.get({ publicKey });
    return {
      id: used.id,
      rawId: toText(used.rawId),
      type: used.type,
      response: {
        authenticatorData: toText(used.response.authenticatorData),
        clientDataJSON: toText(used.response.clientDataJSON),
        signature: toText(used.response.signature),
        userHandle: used.response.userHandle ? toText(used.response.userHandle) : null,
      },
    };
  };

  const say = (form, text) => {
    const place = form.querySelector("[data-problem]");
    if (!place) return;
    place.textContent = text;
    place.hidden = !text;
  };

  const post = async (address, body) => {
    const answer = await fetch(address, { method: "POST", body, headers: { accept: "application/json" } });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(said.problem || said.detail || "This did not work. Load the page again.");
    return said;
  };

  const submit = async (form) => {
    say(form, "");
    const options = await post(form.dataset.options, new URLSearchParams());
    let credential;
    try {
      credential = await (form.dataset.passkey === "make" ? make : use)(options);
    } catch {
      throw new Error("The browser did not give a passkey. Try again, or choose another way.");
    }
    const body = new URLSearchParams(new FormData(form));
    body.set("credential", JSON.stringify(credential));
    const said = await post(form.action, body);
    window.location.assign(said.next);
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = !window.PublicKeyCredential;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      submit(form).catch((error) => say(form, error.message));
    });
  }
})();
