/**
 * Asks a Docker Engine over its API. `bin/setup` runs before any dependency is installed and must work where there is no `docker`
 * binary, so this uses nothing but Node. Errors go to stderr, exit 1.
 *
 *   engine.mjs survey                    which engine, who named it, does it answer: four lines, host, source, state, detail
 *                                        (state: ok, none, refused, denied, error; source is empty for the usual socket)
 *   engine.mjs labels <label> <image>... a line for each image: the label's value, "-" without it, "absent" without the image
 *   engine.mjs usable <image>            fails unless a container can be made of it
 *   engine.mjs pull <image> <ms>         gives up if nothing has come after <ms>
 *   engine.mjs import <change>...        makes an image of the tar stream on stdin, prints its id
 *   engine.mjs build <json>              builds the context on stdin ({"buildargs", "labels"}), prints the image's id
 *   engine.mjs tag <id> <image>          moves the tag, then drops the image it was on if nothing else uses that
 *   engine.mjs remove <image>...         removes images, tags and all; missing ones are fine
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

const { env } = process;
const PROBE_TIMEOUT_MS = 5000;
/** Once a pull has begun, large layers may be unpacked in silence for a while. */
const RUNNING_PULL_TIMEOUT_MS = 120_000;

/** The docker client's own rules: DOCKER_HOST, then the chosen context, then the usual socket. */
function namedEndpoint() {
  if (env.DOCKER_HOST) return { host: env.DOCKER_HOST, source: 'DOCKER_HOST' };
  const folder = env.DOCKER_CONFIG || join(homedir(), '.docker');
  const readJson = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {});
  const context = env.DOCKER_CONTEXT || readJson(join(folder, 'config.json')).currentContext;
  if (!context || context === 'default') {
    return { host: `unix://${env.ZKD_SETUP_SOCKET || '/var/run/docker.sock'}`, source: '' };
  }
  const digest = createHash('sha256').update(context).digest('hex');
  const meta = readJson(join(folder, 'contexts', 'meta', digest, 'meta.json'));
  return { host: meta.Endpoints?.docker?.Host ?? '', source: `the docker context "${context}"` };
}

function connection(host) {
  if (host.startsWith('unix://')) return { transport: http, options: { socketPath: host.slice('unix://'.length) } };
  const url = new URL(host.replace(/^tcp:/, 'http:'));
  if (!/^https?:$/.test(url.protocol)) throw new Error(`setup speaks unix:// and tcp:// only, not ${host}`);
  const isTls = url.protocol === 'https:' || Boolean(env.DOCKER_TLS_VERIFY);
  const options = { host: url.hostname, port: url.port || (isTls ? 2376 : 2375) };
  if (!isTls) return { transport: http, options };
  const folder = env.DOCKER_CERT_PATH || join(homedir(), '.docker');
  const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readFileSync(join(folder, name)));
  return { transport: https, options: { ...options, ca, cert, key } };
}

/** One request, resolved with the whole answer. It fails if `idleMs` pass without a sign of life. */
function ask(host, method, path, { body, type, idleMs } = {}) {
  return new Promise((resolve, reject) => {
    const { transport, options } = connection(host);
    const request = transport.request({ ...options, method, path, headers: type ? { 'Content-Type': type } : {} }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      if (idleMs) response.once('data', () => request.setTimeout(Math.max(idleMs, RUNNING_PULL_TIMEOUT_MS)));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() }));
    });
    request.setTimeout(idleMs ?? 0, () => request.destroy(new Error(`no progress in ${idleMs / 1000} s`)));
    request.on('error', reject);
    if (body) body.pipe(request);
    else request.end();
  });
}

async function askEngine(method, path, options) {
  const { status, text } = await ask(namedEndpoint().host, method, path, options);
  if (status < 300) return text;
  let message = text;
  try {
    ({ message } = JSON.parse(text));
  } catch {
    // Not every answer is JSON: a proxy's is not.
  }
  throw Object.assign(new Error(message.trim()), { status });
}

/** Long operations answer 200 and report a failure inside a stream of JSON lines. */
async function askForStream(path, options) {
  const text = await askEngine('POST', path, options);
  const lines = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line));
  const failed = lines.find((line) => line.error);
  if (failed) throw new Error(failed.error.trim());
  return lines;
}

async function probe(host) {
  if (host === '') return { state: 'error', detail: 'is there such a context?' };
  try {
    const { status, text } = await ask(host, 'GET', '/version', { idleMs: PROBE_TIMEOUT_MS });
    return status === 200 ? { state: 'ok', detail: JSON.parse(text).Version } : { state: 'error', detail: `HTTP ${status}` };
  } catch (error) {
    const state = { ENOENT: 'none', ECONNREFUSED: 'refused', EACCES: 'denied', EPERM: 'denied' }[error.code] ?? 'error';
    return { state, detail: error.message || error.code };
  }
}

async function survey() {
  const { host, source } = namedEndpoint();
  const found = { host, source, ...(await probe(host)) };
  if (source !== '' || found.state === 'ok' || !env.XDG_RUNTIME_DIR) return found;
  // A rootless engine is second choice, and only if it is alive.
  const rootless = `unix://${join(env.XDG_RUNTIME_DIR, 'docker.sock')}`;
  const answer = await probe(rootless);
  return answer.state === 'ok' ? { host: rootless, source: 'the rootless socket', ...answer } : found;
}

const absent = (error) => {
  if (error.status === 404) return;
  throw error;
};
const inspect = async (image) => askEngine('GET', `/images/${image}/json`).then(JSON.parse, absent);

const commands = {
  async survey() {
    const { host, source, state, detail } = await survey();
    return [host, source, state, detail].join('\n');
  },

  async labels(label, ...images) {
    const found = await Promise.all(images.map((image) => inspect(image)));
    return found.map((image) => (image ? image.Config.Labels?.[label] || '-' : 'absent')).join('\n');
  },

  async usable(image) {
    const body = Readable.from([JSON.stringify({ Image: image, Cmd: ['true'], NetworkDisabled: true })]);
    const { Id } = JSON.parse(await askEngine('POST', '/containers/create', { body, type: 'application/json' }));
    await askEngine('DELETE', `/containers/${Id}?v=1&force=1`);
  },

  async pull(image, idleMs) {
    const [fromImage, tag] = image.split(':');
    await askForStream(`/images/create?${new URLSearchParams({ fromImage, tag })}`, { idleMs: Number(idleMs) });
  },

  async import(...changes) {
    const search = new URLSearchParams([['fromSrc', '-'], ...changes.map((change) => ['changes', change])]);
    const lines = await askForStream(`/images/create?${search}`, { body: process.stdin, type: 'application/x-tar' });
    return lines.at(-1).status;
  },

  async build(json) {
    const { buildargs, labels } = JSON.parse(json);
    const search = new URLSearchParams({ buildargs: JSON.stringify(buildargs), labels: JSON.stringify(labels), forcerm: '1' });
    const lines = await askForStream(`/build?${search}`, { body: process.stdin, type: 'application/x-tar' });
    return lines.findLast((line) => line.aux?.ID).aux.ID;
  },

  async tag(id, image) {
    const [repo, tag] = image.split(':');
    const before = await inspect(image);
    await askEngine('POST', `/images/${id}/tag?${new URLSearchParams({ repo, tag })}`);
    // Never forced: the engine refuses while a container or another image needs it, and that is right.
    if (before && before.Id !== id) await askEngine('DELETE', `/images/${before.Id}`).catch(() => undefined);
  },

  async remove(...images) {
    for (const image of images) await askEngine('DELETE', `/images/${image}?force=1`).catch(absent);
  },
};

const [name, ...args] = process.argv.slice(2);
try {
  const answer = await commands[name](...args);
  if (answer !== undefined) console.log(answer);
} catch (error) {
  console.error(error.message || error.code);
  process.exitCode = 1;
}
