import { beforeEach, describe, expect, it } from 'vitest';
import { createRegistryWorld, type RegistryWorld } from '../../support/registry-world.js';
import { stepByStep } from '../../support/run-command.js';
import { signalsFromNow } from '../../support/signals.js';

let world: RegistryWorld;
let id: string;
beforeEach(async () => {
  world = await createRegistryWorld();
  world.engine.addImage('api:1', { exposes: [8080] });
  id = await world.engine.createContainer({ name: 'api-1', image: 'api:1', network: 'app', labels: { 'zkd.service': 'api' } });
  await world.engine.startContainer(id);
});

const lines = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);

describe('containers agent', () => {
  it('says what it does until it is stopped, and then nothing is registered', async () => {
    const signal = signalsFromNow();
    let during: unknown;
    const { stdout, stderr, exitCode, sessionStates } = await world.run('agent', [], {
      onOutput({ stdout: soFar }) {
        if (!soFar.includes('registered') || during !== undefined) return;
        during = world.znodes.tree.stat(`/docker/api/${id.slice(0, 12)}-8080`)?.ephemeralOwner;
        signal('SIGTERM');
      },
    });
    expect({ exitCode, sessionStates }).toEqual({ exitCode: 143, sessionStates: ['closed'] });
    expect(stdout).toMatch(/^\S+Z registered   api\/[0-9a-f]{12}-8080: api-1 at 172[.\d]+:8080\n$/);
    expect(stderr.replaceAll(/^\S+Z /gm, '')).toBe(
      'leading      Registering the containers of fake-host below /docker\nstopped      Stopped; records taken away: 1\n',
    );
    expect(during).toMatch(/^0x/);
    expect(world.znodes.tree.stat(`/docker/api/${id.slice(0, 12)}-8080`)).toBeNull();
  });

  it('writes its log as documents with --json, warnings too', async () => {
    await world.engine.createNetwork({ name: 'back' });
    await world.engine.connectNetwork('back', id);
    const signal = signalsFromNow();
    const steps = stepByStep(
      () => undefined,
      () => void world.engine.disconnectNetwork('back', id),
      () => signal('SIGINT'),
    );
    const { stdout, stderr, exitCode } = await world.run('agent', ['--json', '--root', '/services', '--tag', 'blue'], steps);
    const time = expect.stringMatching(/Z$/) as string;
    const entry = { time, level: 'info', message: expect.any(String) as string };
    expect([exitCode, stderr]).toEqual([130, '']);
    expect(lines(stdout)).toEqual([
      { ...entry, event: 'leading' },
      { ...entry, level: 'warning', event: 'problem', container: 'api-1' },
      {
        ...{ ...entry, event: 'registered', service: 'api', id: `${id.slice(0, 12)}-8080`, container: 'api-1' },
        path: `/services/api/${id.slice(0, 12)}-8080`,
      },
      { ...entry, event: 'stopped' },
      { error: expect.objectContaining({ code: 'interrupted', exitCode: 130 }) as object },
    ]);
  });

  it('looks once where that is all that is wanted', async () => {
    const first = await world.json('agent', ['--once']);
    expect(first).toMatchObject({
      exitCode: 0,
      document: { registered: 1, changes: [{ type: 'registered', service: 'api' }], problems: [] },
    });
    expect((await world.run('agent', ['--once'])).stdout).toBe('1 registered, nothing to do\n');
    expect((await world.run('agent', ['--once', '--tag', 'new'])).stdout).toMatch(/^changed {6}api\/.*: api-1 at .*\n1 registered\n$/);
    expect((await world.json('ls', [])).document).toMatchObject({
      containers: [{ session: null, tags: ['new'], container: { name: 'api-1' } }],
    });
    await world.engine.stopContainer(id, { timeoutMs: 0 });
    expect((await world.run('agent', ['--once'])).stdout).toMatch(/^deregistered api\/.*: api-1\n0 registered\n$/);
  });

  it('tells what cannot be registered', async () => {
    const { stderr, exitCode } = await world.run('agent', ['--once', '--advertise', 'published']);
    expect([exitCode, stderr]).toEqual([9, expect.stringContaining('api-1: has no published port: say with the label zkd.port') as string]);
    expect((await world.run('agent', ['--once', '--payload', 'spring'])).stderr).toContain('Curator readers fail');
  });

  it.each([
    [['--resync', 'soon'], 'Resync'],
    [['--on-exit', 'maybe'], 'on-exit'],
    [['--advertise', 'loudly'], 'advertise'],
    [['--root', 'docker'], 'docker'],
    [['--root', '/zkd/agents'], 'is no place for services'],
    [['--root', '/zookeeper'], 'is no place for services'],
    [['--advertise', 'host'], '--host-address'],
    [['--host-address', 'a b'], 'Address "a b" is none'],
    [['--tag', ''], 'A tag is empty'],
  ])('refuses %j', async (argv, says) => {
    expect(await world.run('agent', argv)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(says) as string });
  });
});
