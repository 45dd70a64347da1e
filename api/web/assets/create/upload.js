// Sends a file to the service, telling how far it has come.

import { ApiError, BASE, refusal } from "../api.js";
import { key } from "../session.js";

/**
 * Uploads a file.
 * @param {Blob} file
 * @param {(percent: number) => void} onProgress
 * @param {AbortSignal} signal
 * @returns {Promise<string>} the link that requests name it by
 */
export function upload(file, onProgress, signal) {
  return new Promise((resolve, reject) => {
    // fetch does not tell how much of a body has been sent.
    const request = new XMLHttpRequest();
    request.open("POST", `${BASE}uploads`);
    request.setRequestHeader("Authorization", `Bearer ${key()}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => onProgress(event.total ? (100 * event.loaded) / event.total : 0));
    request.addEventListener("load", () => {
      if (request.status === 201) resolve(JSON.parse(request.responseText).url);
      else reject(refusal(new Response(null, { status: request.status, headers: headersOf(request) }), request.responseText));
    });
    request.addEventListener("error", () => reject(new ApiError({
      code: "no_connection", message: "The upload broke off", remedy: "Check the connection, then choose the file again.",
    })));
    signal.addEventListener("abort", () => {
      request.abort();
      reject(signal.reason);
    });
    request.send(file);
  });
}

function headersOf(request) {
  const wanted = ["X-Request-Id", "Retry-After"].map((name) => [name, request.getResponseHeader(name)]);
  return Object.fromEntries(wanted.filter(([, value]) => value));
}
