// The API keys of the service, for keys that may manage keys.

import { call } from "./api.js";
import { confirmed, fillIn } from "./dialogs.js";
import { el, find, replace, say } from "./dom.js";
import { moment } from "./moments.js";
import { copyable } from "./secrets.js";
import { key, signOut } from "./session.js";

const PLANS = [["free", "Free"], ["pro", "Pro"], ["enterprise", "Enterprise"]];
const SCOPES = [
  ["submit", "Submit", "Order jobs, and cancel, retry and delete them"],
  ["read", "Read", "See jobs, webhooks and usage"],
  ["admin", "Admin", "Make, change and revoke keys"],
];
const USUAL = ["submit", "read"];

/** Shows the screen. */
export function mount(root) {
  const control = new AbortController();
  const alert = find(root, ".alert");
  const told = find(root, "#keys-told");
  find(root, "#keys-new").onclick = () => edit(null, create);
  find(root, "#keys-revoked").onchange = () => load();

  async function load() {
    try {
      const { keys } = await call("GET", "keys", { signal: control.signal });
      say(alert, "");
      show(keys);
    } catch (fault) {
      if (control.signal.aborted) return;
      find(root, "#keys-loading").hidden = true;
      if (fault.status === 403) find(root, "#keys-forbidden").hidden = false;
      else say(alert, fault.words || fault.message);
    }
  }

  function show(keys) {
    const areRevokedShown = find(root, "#keys-revoked").checked;
    const revoked = keys.filter((each) => each.revoked_at).length;
    find(root, "#keys-loading").hidden = true;
    find(root, "#keys-body").hidden = false;
    find(root, "#keys-new").hidden = false;
    find(root, "#keys-tick").hidden = revoked === 0;
    find(root, "#keys-revoked-count").textContent = String(revoked);
    replace(find(root, "#keys-list"), keys.filter((each) => areRevokedShown || !each.revoked_at).reverse().map((each) => row(each)));
  }

  function row(each) {
    const name = each.name || "Unnamed key";
    const isOwn = key().startsWith(`sk_${each.id}_`);
    return el("li", { class: `key${each.revoked_at ? " is-revoked" : ""}` },
      el("div", { class: "key-name" }, el("span", { class: "row tight" }, el("strong", {}, name), isOwn && el("span", { class: "chip busy" }, "This key")),
        el("code", { class: "hint" }, `sk_${each.id}_…`)),
      el("div", { class: "row tight" }, el("span", { class: "chip" }, wordOf(PLANS, each.plan)),
        each.scopes.map((scope) => el("span", { class: `chip ${scope === "admin" ? "warn" : ""}` }, wordOf(SCOPES, scope)))),
      el("div", { class: "hint" }, each.revoked_at ? ["Revoked ", moment(each.revoked_at)] : ["Made ", moment(each.created_at)]),
      el("div", { class: "row" }, each.revoked_at ? null : [
        el("button", { type: "button", class: "small", "aria-label": `Change ${name}`, onclick: () => edit(each, change) }, "Change"),
        el("button", { type: "button", class: "small danger-quiet", "aria-label": `Revoke ${name}`, onclick: () => revoke(each, name, isOwn) }, "Revoke"),
      ]));
  }

  function edit(each, save) {
    fillIn({
      title: each ? `Change ${each.name || "the key"}` : "New key",
      action: each ? "Save" : "Make key",
      fields: fields(each),
      send: async (form) => save(read(form), each),
    });
  }

  async function create(wanted) {
    const own = key();
    const made = await call("POST", "keys", { body: wanted });
    if (own !== key()) return; // Whoever asked for it has signed out: nobody else may read it.
    const shown = find(root, "#keys-made");
    shown.hidden = false;
    replace(find(root, "#keys-secrets"), copyable("API key", made.key), copyable("Webhook secret", made.webhook_secret));
    find(root, "#keys-made-title").textContent = `${made.name || "The new key"} is ready`;
    await load();
    // The dialog gives the focus back to its button as it closes; what was made comes after that.
    setTimeout(() => find(root, "#keys-made-title").focus());
  }

  async function change(wanted, each) {
    await call("PATCH", `keys/${each.id}`, { body: wanted });
    told.textContent = `${wanted.name || "The key"} was changed.`;
    await load();
  }

  async function revoke(each, name, isOwn) {
    const isSure = await confirmed({
      title: `Revoke ${name}?`,
      text: "Requests with it and links that it gave out stop working at once. Its jobs go on and stay. This cannot be undone."
        + (isOwn ? " It is the key that you are signed in with: you will be signed out." : ""),
      action: "Revoke key",
    });
    if (!isSure) return;
    try {
      await call("DELETE", `keys/${each.id}`);
      if (isOwn) return signOut("The key that you were signed in with was revoked.");
      told.textContent = `${name} was revoked.`;
      await load();
      find(root, "h1").focus();
    } catch (fault) {
      say(alert, fault.words || fault.message);
    }
  }

  find(root, "#keys-done").onclick = () => forget(root);
  load();
  return () => {
    control.abort();
    forget(root);
    replace(find(root, "#keys-list"));
    find(root, "#keys-body").hidden = find(root, "#keys-forbidden").hidden = find(root, "#keys-new").hidden = true;
    find(root, "#keys-loading").hidden = false;
    told.textContent = "";
  };
}

/** What the form says of a key. */
function read(form) {
  const scopes = [...form.querySelectorAll("[name=scopes]:checked")].map((box) => box.value);
  if (!scopes.length) throw Object.assign(new Error("Tick at least one thing that the key may do."), { field: "scopes" });
  return { name: form.elements.name.value.trim(), plan: form.elements.plan.value, scopes };
}

function forget(root) {
  replace(find(root, "#keys-secrets"));
  find(root, "#keys-made").hidden = true;
}

function fields(each) {
  const scopes = each?.scopes || USUAL;
  return [
    el("div", { class: "field" }, el("label", { for: "key-name" }, "Name"),
      el("input", { id: "key-name", name: "name", autocomplete: "off", value: each?.name || "", "aria-describedby": "key-name-hint" }),
      el("p", { class: "hint", id: "key-name-hint" }, "Who or what it is for, as “shop backend”")),
    el("div", { class: "field" }, el("label", { for: "key-plan" }, "Plan"),
      el("select", { id: "key-plan", name: "plan" }, ...PLANS.map(([value, word]) =>
        el("option", { value, selected: value === (each?.plan || "enterprise") }, word)))),
    el("fieldset", { class: "ticks" }, el("legend", {}, "What it may do"), ...SCOPES.map(([value, word, meaning]) => el("div", {},
      el("label", { class: "tick" }, el("input", { type: "checkbox", name: "scopes", value, checked: scopes.includes(value), "aria-describedby": `key-scope-${value}` }), word),
      el("p", { class: "hint", id: `key-scope-${value}` }, meaning)))),
  ];
}

function wordOf(choices, value) {
  return (choices.find(([each]) => each === value) || ["", value])[1];
}
