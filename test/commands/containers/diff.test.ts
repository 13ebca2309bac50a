import { beforeEach, describe, expect, it } from 'vitest';
import { createRegistryWorld, type RegistryWorld } from '../../support/registry-world.js';

let world: RegistryWorld;
beforeEach(async () => {
  world = await createRegistryWorld();
  world.engine.addImage('api:1', { exposes: [8080] });
});

async function start(name: string, labels: Record<string, string> = { 'zkd.service': 'api' }): Promise<string> {
  const id = await world.engine.createContainer({ name, image: 'api:1', network: 'app', labels });
  await world.engine.startContainer(id);
  return id;
}

describe('containers diff', () => {
  it('finds nothing where the registry says what is', async () => {
    await start('api-1');
    await start('silent', {});
    await world.run('agent', ['--once']);
    await world.serve('web', 'web-1');
    expect(await world.run('diff', [])).toMatchObject({ exitCode: 0, stdout: 'no drift\n', stderr: '' });
    expect(await world.json('diff', [])).toMatchObject({ exitCode: 0, document: { drift: [] } });
  });

  it('tells each difference, and ends with 10', async () => {
    const [gone, ill, moved, ignored] = [
      await start('api-gone'),
      await start('api-ill'),
      await start('api-moved'),
      await start('api-ignored', { 'zkd.service': 'api', 'zkd.health': 'ignore' }),
    ];
    await world.run('agent', ['--once']);
    await world.serve('web', 'web-1');
    const twin = world.znodes.text('/docker/web/web-1') ?? '';
    world.znodes.put('/docker/web/web-2', { data: twin });
    await world.engine.stopContainer(gone, { timeoutMs: 0 });
    world.engine.setHealth(ill, 'unhealthy');
    world.engine.setHealth(ignored, 'unhealthy');
    const path = `/docker/api/${moved.slice(0, 12)}-8080`;
    world.znodes.put(path, { data: (world.znodes.text(path) ?? '').replace(/172[.\d]+/, '10.1.1.1') });
    const late = await start('api-new');
    const idOf = (id: string): string => `${id.slice(0, 12)}-8080`;
    const { document, exitCode } = await world.json('diff', []);
    expect(exitCode).toBe(10);
    const { drift } = document as { drift: { kind: string }[] };
    expect(drift.toSorted((a, b) => (a.kind < b.kind ? -1 : 1))).toEqual([
      { kind: 'different', service: 'api', id: idOf(moved), container: 'api-moved' },
      { kind: 'duplicate', service: 'web', id: 'web-2', container: 'web-1' },
      { kind: 'gone', service: 'api', id: idOf(gone), container: 'api-gone' },
      { kind: 'unhealthy', service: 'api', id: idOf(ill), container: 'api-ill' },
      { kind: 'unregistered', service: 'api', id: idOf(late), container: 'api-new' },
    ]);
    const human = await world.run('diff', []);
    expect(human.exitCode).toBe(10);
    expect(human.stdout).toContain(`unregistered api/${idOf(late)} (api-new): serves and is not registered\n`);
  });

  it('takes one that was registered by hand under another name for registered', async () => {
    await start('api-1');
    await world.run('register', ['api-1', '--service', 'api', '--port', '8080', '--id', 'one', '--persistent']);
    expect((await world.json('diff', [])).document).toEqual({ drift: [] });
  });

  it('tells what cannot be registered, and minds the flags', async () => {
    await start('api-1');
    const published = await world.run('diff', ['--advertise', 'published']);
    expect(published).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('api-1: has no published port') as string });
    await world.engine.createContainer({
      ...{ name: 'plain', image: 'api:1', network: 'app' },
      ports: [{ containerPort: 8080, hostAddress: '10.0.0.5', hostPort: 80 }],
    });
    await world.engine.startContainer('plain');
    expect((await world.json('diff', ['--advertise', 'published'])).document).toMatchObject({
      drift: [{ kind: 'unregistered', service: 'api' }],
    });
    expect((await world.json('diff', ['--advertise', 'published', '--explicit'])).document).toEqual({ drift: [] });
  });
});
