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

/** Looks at every address of every server at the same time, for `timeMs` at most; soon over when one of them serves. Never rejects. */
export async function lookAtServers(servers: readonly ServerAddress[], timeMs: number, over: AbortSignal): Promise<Sight[]> {
  const resolved = await Promise.all(servers.map(async (server) => ({ server, ips: await resolveUntil(server, over) })));
  const addresses = resolved.flatMap(({ server, ips }) =>
    (ips.length > 0 ? ips : [null]).map((host) => ({ server, address: host === null ? null : { host, port: server.port } })),
  );
  const verdicts = new Map<ServerAddress | null, ServerVerdict>([
    [null, { problem: 'unresolved', words: 'does not resolve', serves: 'no' }],
  ]);
  let onServing = (): void => undefined;
  const serving = new Promise<void>((resolve) => (onServing = resolve));
  const looks = addresses.map(async ({ address }) => {
    if (!address) return;
    const verdict = await probeServer(address, timeMs, over);
    verdicts.set(address, verdict);
    if (verdict.serves === 'yes') onServing();
  });
  await Promise.race([Promise.all(looks), serving.then(() => sleep(OTHERS_MS))]);
  return addresses.map(({ server, address }) => ({ server, address, verdict: verdicts.get(address) }));
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
