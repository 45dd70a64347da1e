// The router: shows the screen that the address names to whoever has a key, and the sign-in to anybody else.

import { find } from "./dom.js";
import { key, onChange, signOut } from "./session.js";
import { showSignIn } from "./sign_in.js";
import * as create from "./create/create.js";
import * as job from "./jobs/job.js";
import * as jobs from "./jobs/jobs.js";
import * as keys from "./keys.js";
import * as usage from "./usage.js";
import * as webhooks from "./webhooks.js";

const SCREENS = { create, jobs, job, webhooks, keys, usage };
const TITLES = { create: "Create", jobs: "Jobs", job: "Job", webhooks: "Webhooks", keys: "Keys", usage: "Usage" };

const nav = find(document, "#nav");
const signInScreen = find(document, "#sign-in");
let unmount = () => {};
let isFirst = true;

/** Names the screen of a hash such as "#/jobs/0b1c", and what varies in it. */
function readAddress(hash) {
  const [name, id] = hash.replace(/^#\/?/, "").split("?")[0].split("/");
  if (name === "jobs" && id) return { name: "job", params: { id: decoded(id) } };
  return { name: name in SCREENS && name !== "job" ? name : "create", params: {} };
}

/** Reads what an address holds; one that somebody wrote by hand may hold what is no encoding of anything. */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function leave() {
  // A question that is left open would keep everybody from the screen below it.
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  unmount();
  unmount = () => {};
  for (const name of Object.keys(SCREENS)) find(document, `#screen-${name}`).hidden = true;
}

function show() {
  // The skip link changes the hash too, and names no screen.
  if (location.hash && !location.hash.startsWith("#/")) return;
  leave();
  const isSignedIn = Boolean(key());
  nav.hidden = find(document, "#sign-out").hidden = !isSignedIn;
  signInScreen.hidden = isSignedIn;
  if (!isSignedIn) {
    document.title = "Sign in · Mouthpiece";
    isFirst = false;
    return;
  }
  const { name, params } = readAddress(location.hash);
  for (const link of nav.querySelectorAll("a")) {
    if (link.dataset.screen === (name === "job" ? "jobs" : name)) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const root = find(document, `#screen-${name}`);
  root.hidden = false;
  document.title = `${TITLES[name]} · Mouthpiece`;
  unmount = SCREENS[name].mount(root, params) || (() => {});
  if (!isFirst) root.querySelector("h1")?.focus({ preventScroll: true });
  if (!isFirst) scrollTo(0, 0);
  isFirst = false;
}

find(document, "#sign-out").addEventListener("click", () => signOut());
find(document, ".skip").addEventListener("click", (event) => {
  event.preventDefault();
  find(document, "#main").focus();
});
addEventListener("hashchange", show);
onChange((reason) => {
  show();
  if (!key()) showSignIn(reason);
});
show();
if (!key()) showSignIn("");
