/** An engine that is killed under an agent, its ensemble and its containers, and comes back without some of them. */
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import type { Registration } from '../../../src/registry/index.js';
import { retryUntil } from '../../../src/runtime/retry-until.js';
import { httpServerImage } from '../../support/http-server.js';
import { usePrivateEngine } from '../../support/private-engine.js';
import { docker, IMAGE, run, succeed, up, useEnsembles } from '../../support/story.js';
import { endOf, startZkd } from '../../support/zkd.js';

const engine = usePrivateEngine();
const ensembles = useEnsembles();

it('the registry is right again by itself', async () => {
  const name = ensembles.name();
  await up(name, '--image', IMAGE, '--heap', '64m', '--size', '1');
  const image = await httpServerImage();
  const serve = (container: string, ...flags: string[]): Promise<string> =>
    docker('run', '--detach', '--name', container, '--network', `zkd-${name}`, '--label', 'zkd.service=web', ...flags, image);
  await serve('stays', '--restart', 'always');
  await serve('dies');
  const agent = startZkd(['containers', 'agent', '--explicit', '--json', '--cluster', name]);
  const events: string[] = [];
  createInterface({ input: agent.stdout }).on('line', (line) => events.push((JSON.parse(line) as { event: string }).event));

  const registered = async (): Promise<string[]> => {
    // While the ensemble is away there is nothing to be seen.
    const { document } = await run(['containers', 'ls', '--cluster', name]);
    const { containers = [] } = document as { readonly containers?: readonly Registration[] };
    return containers.map(({ container, usable }) => `${container?.name ?? '-'}${usable ? '' : ' (not usable)'}`).sort();
  };
  const shows = (...wanted: string[]) => expect.poll(registered, { timeout: 60_000, interval: 300 }).toEqual(wanted);

  await shows('dies', 'stays');
  await engine.kill();
  await retryUntil(async () => (events.includes('engine') ? true : undefined), { timeoutMs: 20_000, intervalMs: 50 });
  // Without live-restore it stops what outlived it, and starts again what its policy says; addresses are dealt anew.
  await engine.start();
  await up(name);
  await shows('stays');
  await serve('comes');
  await shows('comes', 'stays');
  expect(await succeed(['containers', 'diff', '--explicit', '--cluster', name])).toEqual({ drift: [] });
  agent.kill('SIGTERM');
  expect(endOf(await agent).exitCode).toBe(143);
  expect(events.filter((event) => event === 'engine')).toHaveLength(2);
});
