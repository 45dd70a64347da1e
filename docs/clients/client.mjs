// A client of Mouthpiece in one file, for Node.js 18 or newer; it needs no packages.
//
// As a program it makes a portrait speak and keeps the video:
//
//     node client.mjs URL KEY IMAGE_URL AUDIO_URL OUTPUT.mp4

import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const POLL_S = 30;
const TOLERANCE_S = 300;

export class Mouthpiece {
  #api;
  #key;

  constructor(url, key) {
    this.#api = `${url.replace(/\/+$/, '')}/api/v1`;
    this.#key = key;
  }

  // Orders a job and returns its id; however often the request has to be sent, there is one job.
  async submit(model, formState, webhook = '') {
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID() };
    const body = JSON.stringify({ webhook, formState });
    const answer = await this.#send(model, { method: 'POST', headers, body });
    return (await answer.json()).id;
  }

  // Waits until a job has a video and returns the job; throws when it ends without one or takes too long.
  async wait(jobId, patienceS = 3600) {
    const deadline = Date.now() + patienceS * 1000;
    while (Date.now() < deadline) {
      const job = await (await this.#send(`jobs/${jobId}?wait=${POLL_S}`)).json();
      if (job.status === 'completed') return job;
      if (job.status === 'failed') throw new Error(job.error);
    }
    throw new Error(`job ${jobId} has not ended within ${patienceS} s`);
  }

  // Writes a job's video to a file, which appears when it is whole.
  async download(job, path) {
    const answer = await fetch(job.output);
    if (!answer.ok) throw new Error(await answer.text());
    await pipeline(Readable.fromWeb(answer.body), createWriteStream(`${path}.part`));
    await rename(`${path}.part`, path);
  }

  // Sends a request, again when the service asks for patience or cannot be reached.
  async #send(path, { headers = {}, ...options } = {}, tries = 6) {
    for (let left = tries - 1; ; left -= 1) {
      let pauseS = 2;
      try {
        const answer = await fetch(`${this.#api}/${path}`, {
          ...options,
          headers: { ...headers, Authorization: `Bearer ${this.#key}` },
        });
        if (answer.ok) return answer;
        const retryAfter = answer.headers.get('Retry-After');
        if (!left || (answer.status < 500 && !retryAfter)) {
          throw Object.assign(new Error(await answer.text()), { isFinal: true });
        }
        pauseS = Number(retryAfter ?? pauseS);
      } catch (fault) {
        if (!left || fault.isFinal) throw fault;
      }
      await pause(pauseS * 1000);
    }
  }
}

// Returns the job that a webhook tells of, once its signature is seen to be right (Standard Webhooks 1.0).
// `body` is the request's body byte for byte, `headers` are the request's, `secret` is the API key's "whsec_...".
export function verified(body, headers, secret) {
  const timestamp = headers['webhook-timestamp'] ?? '';
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= TOLERANCE_S)) {
    throw new Error('the timestamp is missing, or too old or too new');
  }
  const expected = createHmac('sha256', Buffer.from(secret.replace(/^whsec_/, ''), 'base64'))
    .update(`${headers['webhook-id']}.${timestamp}.`)
    .update(body)
    .digest();
  const given = (headers['webhook-signature'] ?? '')
    .split(' ')
    .map((part) => Buffer.from(part.replace(/^v1,/, ''), 'base64'));
  if (!given.some((each) => each.length === expected.length && timingSafeEqual(each, expected))) {
    throw new Error('no signature is the right one');
  }
  return JSON.parse(body);
}

async function main(url, key, image, audio, output) {
  const service = new Mouthpiece(url, key);
  const jobId = await service.submit('lipsync-image', { image, audio, resolution: '720p' });
  console.log('job', jobId);
  await service.download(await service.wait(jobId), output);
  console.log('video', output);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(...process.argv.slice(2));
}
