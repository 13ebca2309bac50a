/** Every cause `status` knows, made true on a real ensemble: one member, one cause, in plain words. */
import { beforeAll, describe, expect, it } from 'vitest';
import { retryUntil } from '../../../src/runtime/retry-until.js';
import { docker, IMAGE, expectJsonFailure, look, status, up, useEnsembles, type StatusDocument } from '../../support/story.js';
import { zkd } from '../../support/zkd.js';

const ensembles = useEnsembles();
let name = '';

const container = (id: number): string => `zkd-${name}-${id}`;
const OWNER = { uid: 1000, gid: 1000 };

async function readFile(id: number, path: string): Promise<string> {
  const content = await ensembles.engine.readFile(container(id), path);
  if (!content) throw new Error(`${container(id)} has no ${path}`);
  return content.toString('utf8');
}

const writeFile = (id: number, path: string, content: string): Promise<void> =>
  ensembles.engine.writeFiles(container(id), [{ path, content, mode: 0o644, ...OWNER }]);

/** The dynamic configuration file a member boots from. */
async function dynamicFile(id: number): Promise<string> {
  const path = /^dynamicConfigFile=(.*)$/m.exec(await readFile(id, '/conf/zoo.cfg'))?.[1];
  if (path === undefined) throw new Error(`member ${id} has no dynamic configuration`);
  return path.replaceAll('\\', '');
}

/** Stops a member, changes a file, starts it; puts the file back afterwards and wants the ensemble healthy again. */
async function withEdited(id: number, path: string, edit: (text: string) => string, check: () => Promise<void>): Promise<void> {
  await docker('stop', container(id));
  const original = await readFile(id, path);
  const edited = edit(original);
  expect(edited).not.toBe(original);
  await writeFile(id, path, edited);
  try {
    await docker('start', container(id));
    await check();
  } finally {
    await docker('stop', container(id));
    await writeFile(id, path, original);
    await docker('start', container(id));
  }
  await healthyAgain();
}

/** Status until each of these members, and nobody else, has the cause, by the command in the end. A crash loop's container comes and goes. */
async function expectCauses(wanted: Readonly<Record<number, RegExp>>): Promise<StatusDocument> {
  const isAsWanted = ({ causes }: StatusDocument): boolean =>
    causes.length === Object.keys(wanted).length && causes.every(({ member, cause }) => wanted[member]?.test(cause));
  let last: StatusDocument | undefined;
  const found = await retryUntil(
    async () => {
      last = await look(name);
      if (!isAsWanted(last)) return undefined;
      last = await status(name);
      return isAsWanted(last) ? last : undefined;
    },
    { timeoutMs: 60_000, intervalMs: 200 },
  );
  expect(found, `causes at last: ${JSON.stringify(last?.causes)}`).toBeDefined();
  return found as StatusDocument;
}

async function healthyAgain(): Promise<void> {
  await expectCauses({});
}

beforeAll(async () => {
  name = ensembles.name();
  await up(name, '--client-port', 'auto', '--image', IMAGE, '--heap', '64m', '--tick-time', '500ms');
});

describe('status says', () => {
  it('the exit code of a member that does not run', async () => {
    await docker('stop', container(2));
    await expectCauses({ 2: /^not running: exited with code 143$/ });
    await docker('start', container(2));
    await healthyAgain();
  });

  it('that the quorum is lost, with the numbers', async () => {
    await docker('stop', container(1), container(2));
    const seen = await expectCauses({
      1: /^not running/,
      2: /^not running/,
      3: /^no quorum: 1 of 3 voting members run, 2 are needed$/,
    });
    expect(seen.cluster).toMatchObject({ leader: null, epoch: null });
    await docker('start', container(1), container(2));
    await healthyAgain();
  });

  it('out of memory', async () => {
    await docker('stop', container(2));
    await docker('update', '--restart', 'no', '--memory', '24m', '--memory-swap', '24m', container(2));
    await docker('start', container(2));
    await expectCauses({ 2: /^out of memory: the engine ended it at its memory limit$/ });
    await docker('update', '--restart', 'unless-stopped', '--memory', '320m', '--memory-swap', '320m', container(2));
    await docker('start', container(2));
    await healthyAgain();
  });

  it('crash loop, with the exit code and the reason; up ends with 7 early and leaves all as it is', async () => {
    await withEdited(
      2,
      '/conf/zoo.cfg',
      (text) => text.replace(/^syncLimit=.*$/m, 'syncLimit=many'),
      async () => {
        await expectCauses({ 2: /^crash loop: restarted \d+ times, last exit code [1-9]\d*: its configuration is not valid .*many/ });
        const startedAt = performance.now();
        const failure = expectJsonFailure(await zkd(['cluster', 'up', name, '--timeout', '5m', '--json']), {
          exitCode: 7,
          code: 'timeout',
          says: ['cannot become ready', 'member 2: crash loop'],
        });
        expect(performance.now() - startedAt).toBeLessThan(60_000);
        expect(failure.message).not.toContain('removed');
        await expectCauses({ 2: /^crash loop/ });
      },
    );
  });

  it('that a member is not in its own peer list', async () => {
    const file = await dynamicFile(2);
    await withEdited(
      2,
      file,
      (text) => text.replace(/^server\.2=.*\n?/m, ''),
      async () => {
        await expectCauses({ 2: /not in the peer list/ });
      },
    );
  });

  it('that a member has the myid of another', async () => {
    await withEdited(
      2,
      '/data/myid',
      () => '3\n',
      async () => {
        await expectCauses({ 2: /wrong myid: .*\b3\b/ });
        // Starting it again would not help, and is refused.
        await docker('stop', container(2));
        expectJsonFailure(await zkd(['cluster', 'up', name, '--json']), { exitCode: 12, code: 'refused', says: ['/data/myid says 3'] });
      },
    );
  });

  it('that a member has a myid nobody has', async () => {
    await withEdited(
      2,
      '/data/myid',
      () => '9\n',
      async () => {
        await expectCauses({ 2: /wrong myid: .*\b9\b/ });
      },
    );
  });

  it('that a port is closed', async () => {
    // A follower: the leader's own configuration would be handed to all.
    const follower = (await look(name)).cluster.members.find(({ mode }) => mode === 'follower');
    const id = follower?.id ?? 0;
    // The member binds its client port on loopback only: its process runs, and nobody can reach it.
    const port = follower?.address.split(':')[1] ?? '';
    await withEdited(
      id,
      await dynamicFile(id),
      (text) => text.replaceAll(`zkd-${name}-${id}:${port}`, `127.0.0.1:${port}`),
      async () => {
        await expectCauses({ [id]: /client port is closed/ });
      },
    );
  });

  it('that a member does not answer', async () => {
    const follower = (await look(name)).cluster.members.find(({ mode }) => mode === 'follower');
    const id = follower?.id ?? 0;
    const pid = Number(await docker('inspect', '--format', '{{.State.Pid}}', container(id)));
    process.kill(pid, 'SIGSTOP');
    try {
      await expectCauses({ [id]: /does not answer on its client port/ });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await healthyAgain();
  });
});
