import { beforeEach, describe, expect, it } from 'vitest';
import type { RunOptions } from '../../support/run-command.js';
import { createRegistryWorld, type RegistryWorld } from '../../support/registry-world.js';
import { signalsFromNow } from '../../support/signals.js';

let world: RegistryWorld;
let id: string;
beforeEach(async () => {
  world = await createRegistryWorld();
  id = await world.engine.createContainer({ name: 'app-1', image: 'web:1', network: 'app' });
  await world.engine.startContainer(id);
});

const WEB = ['app-1', '--service', 'web', '--port', '80'];

/** Does it once the command has printed its path. */
function onceShown(act: () => unknown): Pick<RunOptions, 'onOutput'> {
  let isDone = false;
  return {
    onOutput({ stdout }) {
      if (isDone || stdout === '') return;
      isDone = true;
      setTimeout(act, 20);
    },
  };
}

describe('containers register', () => {
  it('writes a record that is found, and leaves it with --persistent', async () => {
    const argv = [...WEB, '--persistent', '--tag', 'blue', '--tag', 'fast', '--metadata', 'zone=a=b', '--weight', '2.5'];
    const { document, exitCode } = await world.json('register', argv);
    const path = `/docker/web/${id.slice(0, 12)}-80`;
    expect([exitCode, document]).toMatchObject([0, { service: 'web', path, container: 'app-1', port: 80 }]);
    expect((await world.json('ls', [])).document).toMatchObject({
      containers: [
        { path, name: 'app-1', session: null, tags: ['blue', 'fast'], metadata: { zone: 'a=b' }, weight: 2.5, container: { id } },
      ],
    });
    // Again is the same.
    expect((await world.json('register', argv)).exitCode).toBe(0);
    expect((await world.json('resolve', ['web'])).document).toMatchObject({ address: document['address'], port: 80 });
  });

  it('holds the record until Ctrl-C', async () => {
    const send = signalsFromNow();
    let during: unknown;
    const pressCtrlC = () => {
      during = world.znodes.tree.stat('/docker/web/one')?.ephemeralOwner;
      send('SIGINT');
    };
    const { exitCode, stdout, stderr } = await world.run('register', [...WEB, '--id', 'one'], onceShown(pressCtrlC));
    expect([exitCode, stdout]).toEqual([130, expect.stringMatching(/^\/docker\/web\/one: [\d.]+:80\n$/) as string]);
    expect(during).toMatch(/^0x/);
    expect(stderr).not.toContain('has ended');
    expect(world.znodes.tree.stat('/docker/web/one')).toBeNull();
  });

  it('ends when somebody else makes its record anew, and leaves that alone', async () => {
    const { exitCode, stderr } = await world.run(
      'register',
      [...WEB, '--id', 'one'],
      onceShown(async () => {
        await world.run('register', [...WEB, '--id', 'one', '--persistent']);
      }),
    );
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('made it anew') as string]);
    expect(world.znodes.tree.stat('/docker/web/one')?.ephemeralOwner).toBeNull();
  });

  it('ends with the container, and the record with it', async () => {
    const { exitCode, stderr } = await world.run(
      'register',
      [...WEB, '--id', 'one'],
      onceShown(() => world.engine.stopContainer(id, { timeoutMs: 0 })),
    );
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('Container "app-1" has ended') as string]);
    expect(world.znodes.tree.stat('/docker/web/one')).toBeNull();
  });

  it('takes the place of a record of the same container, and of no other', async () => {
    await world.run('register', [...WEB, '--id', 'one', '--persistent']);
    const other = await world.engine.createContainer({ name: 'app-2', image: 'web:1', network: 'app' });
    await world.engine.startContainer(other);
    const argv = ['app-2', '--service', 'web', '--port', '80', '--id', 'one', '--persistent'];
    expect((await world.json('register', argv)).document).toMatchObject({
      error: { code: 'conflict', details: { path: '/docker/web/one' } },
    });
    const again = await world.run('register', [...WEB, '--id', 'one', '--persistent', '--tag', 'new']);
    expect(again.exitCode).toBe(0);
    expect((await world.json('ls', [])).document).toMatchObject({ containers: [{ name: 'app-1', tags: ['new'] }] });
  });

  it('is for containers that are there and run', async () => {
    expect((await world.run('register', ['none', '--service', 'web', '--port', '80'])).exitCode).toBe(3);
    await world.engine.stopContainer(id, { timeoutMs: 0 });
    expect(await world.run('register', WEB)).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining('Container "app-1" is exited') as string,
    });
  });

  it.each([
    [['--port', '0'], 'Port "0" is none'],
    [['--port', '80', '--weight', '-1'], 'Weight'],
    [['--port', '80', '--metadata', 'zone'], 'Metadata "zone" is none'],
    [[], 'port'],
  ])('refuses %j', async (argv, says) => {
    const { exitCode, stderr } = await world.run('register', ['app-1', '--service', 'web', ...argv]);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(says) as string]);
  });

  it('warns of what the Spring payload does to others', async () => {
    const { stderr } = await world.run('register', [...WEB, '--payload', 'spring', '--persistent']);
    expect(stderr).toContain('plain Curator readers of "web" fail');
    expect((await world.json('ls', [])).document).toMatchObject({ containers: [{ format: 'spring' }] });
  });
});

describe('containers deregister', () => {
  it('takes away all records of a container, or one', async () => {
    for (const service of ['web', 'api'])
      await world.run('register', ['app-1', '--service', service, '--port', '80', '--id', 'x', '--persistent']);
    expect((await world.json('deregister', ['web/x'])).document).toEqual({ removed: ['/docker/web/x'] });
    expect((await world.run('deregister', [''])).exitCode).toBe(2);
    expect((await world.run('deregister', [id.slice(0, 12)])).stdout).toBe('/docker/api/x: removed\n');
    expect(await world.run('deregister', ['app-1'])).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining('Nothing is registered for "app-1"') as string,
    });
  });

  it('knows the container by name when it is gone', async () => {
    await world.run('register', [...WEB, '--id', 'x', '--persistent']);
    await world.engine.removeContainer(id, { force: true });
    expect((await world.run('deregister', ['app-1'])).exitCode).toBe(0);
  });
});
