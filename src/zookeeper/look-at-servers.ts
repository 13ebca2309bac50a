/** A look at all servers before a session is asked for, and what it tells of each. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerAddress } from './port.js';
import { probeServer, resolveHost, type ServerProblem, type ServerVerdict } from './probe-server.js';

/** Where one server serves, so long the others have to say so, too: not the quickest alone shall have all clients. */
const OTHERS_MS = 10;

/** One address of a server; null where its host does not resolve. The verdict is undefined where it had no time for one. */
export interface Sight {
  readonly server: ServerAddress;
  readonly address: ServerAddress | null;
  readonly verdict: ServerVerdict | undefined;
}

/** Of servers that were heard of. */
export type Verdicts = ReadonlyMap<ServerAddress, ServerVerdict>;

/** Every address of every server, unseen. Never rejects; what is not resolved when `over` aborts does not resolve. */
export async function findServers(servers: readonly ServerAddress[], over: AbortSignal): Promise<Sight[]> {
  const found = await Promise.all(
    servers.map(async (server): Promise<Sight[]> => {
      const ips = await resolveUntil(server, over);
      if (ips.length === 0) return [{ server, address: null, verdict: { problem: 'unresolved', words: 'does not resolve', serves: 'no' } }];
      return ips.map((host) => ({ server, address: { host, port: server.port }, verdict: undefined }));
    }),
  );
  return found.flat();
}

/** Looks at every address of every server at the same time, for `timeMs` at most; soon over when one of them serves. Never rejects. */
export async function lookAtServers(servers: readonly ServerAddress[], timeMs: number, over: AbortSignal): Promise<Sight[]> {
  const sights = await findServers(servers, over);
  const verdicts = new Map<Sight, ServerVerdict>();
  let onServing = (): void => undefined;
  const serving = new Promise<void>((resolve) => (onServing = resolve));
  const looks = sights.map(async (sight) => {
    if (!sight.address) return;
    const verdict = await probeServer(sight.address, timeMs, over);
    verdicts.set(sight, verdict);
    if (verdict.serves === 'yes') onServing();
  });
  await Promise.race([Promise.all(looks), serving.then(() => sleep(OTHERS_MS))]);
  return sights.map((sight) => ({ ...sight, verdict: verdicts.get(sight) ?? sight.verdict }));
}

async function resolveUntil({ host }: ServerAddress, over: AbortSignal): Promise<string[]> {
  const tooLate = new Promise<string[]>((resolve) => over.addEventListener('abort', () => resolve([]), { once: true }));
  return await Promise.race([resolveHost(host), tooLate]);
}

/** Of each server that was heard of what says most among its addresses. */
export function verdictsOf(sights: readonly Sight[]): Verdicts {
  const best: readonly ServerProblem[] = ['no-session', 'no-quorum', 'tls-only', 'foreign', 'silent', 'hangs-up', 'refused', 'unresolved'];
  const verdicts = new Map<ServerAddress, ServerVerdict>();
  for (const { server, verdict } of sights) {
    if (!verdict) continue;
    const known = verdicts.get(server);
    if (!known || best.indexOf(verdict.problem) < best.indexOf(known.problem)) verdicts.set(server, verdict);
  }
  return verdicts;
}
