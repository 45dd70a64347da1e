// A finished video: player, download, a link to share.

import { nearby } from "../api.js";
import { el, find, replace, say } from "../dom.js";
import { player } from "./player.js";
import { copy } from "./samples.js";

const DAY_S = 86_400;

/** Shows a finished job; `source` is what it was made of, for the comparison. */
export function showResult(part, job, source) {
  const output = nearby(job.output);
  replace(find(part, "[data-player-holder]"), player(output, source));
  const download = find(part, "[data-download]");
  download.href = `${output}?download=1`;
  download.setAttribute("download", new URL(output).pathname.split("/").at(-1));
  const warnings = find(part, "[data-warnings]");
  warnings.hidden = !job.warnings.length;
  replace(warnings, ...job.warnings.map((warning) => el("li", {}, warning)));
  find(part, "[data-done-words]").textContent = "The video is finished.";
  wireShare(part, output.replace("/files/", "/watch/"), job.expires_at);
}

function wireShare(part, link, expiresAt) {
  const panel = find(part, "[data-share-panel]");
  const field = find(part, "#share-link");
  const words = find(part, "[data-share-words]");
  panel.hidden = true;
  field.value = link;
  const until = `Anyone with it can watch and download, without a key, until ${moment(expiresAt)}.`;
  const copyLink = async () => say(words, `${(await copy(field)) ? "Copied." : "Press Ctrl+C to copy."} ${until}`);
  find(part, "[data-share]").onclick = () => {
    panel.hidden = false;
    copyLink();
  };
  find(part, "[data-copy-link]").onclick = copyLink;
}

function moment(text) {
  const time = new Date(text);
  const isSoon = time - Date.now() < DAY_S * 1000;
  return time.toLocaleString([], isSoon ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
}
