// A job's video over what it was made of; to be taken along or passed on.

import { nearby } from "../api.js";
import { player } from "../create/player.js";
import { el, replace } from "../dom.js";
import { moment } from "../moments.js";
import { copyButton } from "../secrets.js";

/** Fills the card of a finished job. */
export function showResult(card, job) {
  const output = nearby(job.output);
  const share = output.replace("/files/", "/watch/");
  replace(card,
    el("h2", {}, "Video"),
    player(output, job.source ? { kind: job.sync_mode ? "video" : "image", preview: nearby(job.source), syncMode: job.sync_mode } : null),
    el("div", { class: "row" },
      el("a", { class: "button primary", href: `${output}?download=1`, download: new URL(output).pathname.split("/").at(-1) }, "Download"),
      copyButton(share, "share link", "Copy share link"),
      el("a", { class: "button quiet", href: share, target: "_blank", rel: "noopener" }, "Open shared page")),
    el("p", { class: "hint" }, "Whoever has the share link can watch and download the video without a key, until ", moment(job.expires_at), "."));
}
