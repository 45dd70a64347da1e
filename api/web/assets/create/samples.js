// The screen's request as code that runs: curl, Python, JavaScript.

import { BASE } from "../api.js";
import { find } from "../dom.js";
import { order } from "./order.js";

const STANDARD_FILES = { image: "portrait.png", video: "video.mp4", audio: "voice.wav", left_audio: "left.wav", right_audio: "right.wav" };
const LANGUAGES = { curl, python, javascript };
const KEY = "sk_your_key";

/** Wires the samples' card: they follow the screen. */
export function wireSamples(part, store) {
  const code = find(part, "[data-code]");
  const write = () => {
    const language = find(part, "[name=language]:checked").value;
    code.textContent = LANGUAGES[language](readOrder(store.get()));
    find(part, "[data-copied]").textContent = "";
  };
  store.watch(write);
  find(part, "[data-languages]").addEventListener("change", write);
  find(part, "[data-copy]").addEventListener("click", async () => {
    find(part, "[data-copied]").textContent = (await copy(code)) ? "Copied" : "Selected: press Ctrl+C to copy";
  });
}

/** Copies an element's text; where the browser does not let a page copy, selects it and returns false. */
export async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.value ?? element.textContent);
    return true;
  } catch {
    if (element.select) element.select();
    else getSelection().selectAllChildren(element);
    return false;
  }
}

/** The order, with each file's field in place of its link: `<image>`. */
function readOrder(state) {
  const { path, body, clips } = order(state, (name) => `<${name}>`);
  return { path, body, files: clips.map(([name, clip]) => [name, clip?.name ?? STANDARD_FILES[name]]) };
}

function curl({ path, body, files }) {
  const links = files.map(([name, file]) => `${name}=$(upload ${quoted(file)})`);
  // Were links put into the here-document by the shell, it would read $ and ` in a script as its own.
  const json = JSON.stringify(body, null, 2);
  const swaps = files.map(([name]) => `-e "s|<${name}>|$${name}|"`).join(" \\\n  ");
  return `export KEY=${KEY}
API=${BASE.replace(/\/$/, "")}
field() { sed -n "s/.*\\"$1\\": *\\"\\([^\\"]*\\)\\".*/\\1/p"; }
upload() { curl -fsS -H "Authorization: Bearer $KEY" -F "file=@$1" "$API/uploads" | field url; }

${links.join("\n")}

cat >order.json <<'JSON'
${json}
JSON
job=$(sed ${swaps} order.json |
  curl -fsS "$API/${path}" -H "Authorization: Bearer $KEY" \\
    -H "Content-Type: application/json" -d @- | field id)

until curl -fsS -H "Authorization: Bearer $KEY" "$API/jobs/$job?wait=30" -o job.json &&
  grep -qE '"status": *"(completed|failed)"' job.json; do sleep 1; done
grep -q '"status": *"completed"' job.json && curl -fsSL -o result.mp4 "$(field output <job.json)" || cat job.json
`;
}

function quoted(file) {
  return /^[\w.-]+$/.test(file) ? file : `'${file.replaceAll("'", `'\\''`)}'`;
}

function python({ path, body, files }) {
  const names = new Map(files.map(([name, file]) => [`<${name}>`, `upload(${JSON.stringify(file)})`]));
  return `import time

import requests  # pip install requests

API = ${JSON.stringify(BASE.replace(/\/$/, ""))}
HEADERS = {"Authorization": "Bearer ${KEY}"}


def upload(path):
    with open(path, "rb") as file:
        answer = requests.post(f"{API}/uploads", headers=HEADERS, data=file)
    answer.raise_for_status()
    return answer.json()["url"]


order = ${literal(body, names, 0)}
answer = requests.post(f"{API}/${path}", headers=HEADERS, json=order)
if not answer.ok:
    raise SystemExit(answer.text)
job = answer.json()
while job["status"] == "processing":
    time.sleep(1)
    job = requests.get(f"{API}/jobs/{job['id']}?wait=30", headers=HEADERS).json()

if job["status"] == "failed":
    raise SystemExit(job["error"])
with open("result.mp4", "wb") as file:
    file.write(requests.get(job["output"]).content)
`;
}

function javascript({ path, body, files }) {
  const names = new Map(files.map(([name, file]) => [`<${name}>`, `await upload(${JSON.stringify(file)})`]));
  return `// Node.js 20 or newer: save as make.mjs, run with node make.mjs
import { openAsBlob } from "node:fs";
import { writeFile } from "node:fs/promises";

const API = ${JSON.stringify(BASE.replace(/\/$/, ""))};
const headers = { Authorization: "Bearer ${KEY}" };

async function ask(path, options = {}) {
  const answer = await fetch(\`\${API}/\${path}\`, { ...options, headers: { ...headers, ...options.headers } });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

async function upload(path) {
  const form = new FormData();
  form.set("file", await openAsBlob(path));
  return (await ask("uploads", { method: "POST", body: form })).url;
}

const order = ${literal(body, names, 0)};
let job = await ask(${JSON.stringify(path)}, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(order),
});
while (job.status === "processing") {
  await new Promise((done) => setTimeout(done, 1000));
  job = await ask(\`jobs/\${job.id}?wait=30\`);
}

if (job.status === "failed") throw new Error(job.error);
const video = await fetch(job.output);
await writeFile("result.mp4", Buffer.from(await video.arrayBuffer()));
`;
}

/** Writes objects, texts and numbers, which Python and JavaScript write alike; `calls` stand in for their texts. */
function literal(value, calls, depth) {
  if (typeof value === "string") return calls.get(value) ?? JSON.stringify(value);
  if (typeof value !== "object") return String(value);
  const inner = "    ".repeat(depth + 1);
  const lines = Object.entries(value).map(([name, each]) => `${inner}${JSON.stringify(name)}: ${literal(each, calls, depth + 1)},`);
  return `{\n${lines.join("\n")}\n${"    ".repeat(depth)}}`;
}
