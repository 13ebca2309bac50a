import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { choosePorts, consecutivePorts } from '../../../src/cluster/port-choice.js';
import { BIRTH_SETTINGS } from '../../../src/cluster/settings.js';
import { FakeEngine } from '../../fakes/fake-engine.js';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { failureOf } from '../../support/failure-of.js';

const taken = useFakeHostPorts();

async function publish(engine: FakeEngine, hostPort: number, hostAddress = '127.0.0.1'): Promise<void> {
  engine.addImage('app:1');
  const ports = [{ containerPort: 80, hostAddress, hostPort }];
  await engine.startContainer(await engine.createContainer({ name: `app-${hostPort}`, image: 'app:1', ports }));
}

const choose = (engine: FakeEngine, wanted: number | 'auto' | undefined, given = {}, name = 'zk') =>
  choosePorts(engine, name, { ...BIRTH_SETTINGS, ...given }, wanted);

describe('ports that nobody asked for', () => {
  it('are 2181 and on where all are free', async () => {
    expect(await choose(new FakeEngine(), undefined, { size: 3, observers: 1 })).toEqual({
      ports: { 1: 2181, 2: 2182, 3: 2183, 4: 2184 },
      movedFrom: null,
    });
  });

  it('move as a block where one is taken by a container, and the caller learns of it', async () => {
    const engine = new FakeEngine();
    await publish(engine, 2183);
    const { ports, movedFrom } = await choose(engine, undefined);
    expect(movedFrom).toBe('ports 2181-2183 are not all');
    expect(ports).toEqual(consecutivePorts(ports[1] ?? 0, 3));
    expect(ports[1]).toBeGreaterThan(20_000);
  });

  it('move where one is taken by a process of this machine', async () => {
    taken.add(2181);
    expect((await choose(new FakeEngine(), undefined)).movedFrom).toBe('ports 2181-2183 are not all');
  });

  it('do not mind this machine’s ports where the engine is elsewhere', async () => {
    taken.add(2181);
    const engine = new FakeEngine();
    engine.endpoint = { kind: 'tcp', url: 'tcp://far:2375', remoteHost: 'far', source: 'a test' };
    expect((await choose(engine, undefined)).ports[1]).toBe(2181);
  });
});

describe('ports for auto', () => {
  it('are never the usual ones, and no news', async () => {
    const { ports, movedFrom } = await choose(new FakeEngine(), 'auto');
    expect(movedFrom).toBeNull();
    expect(ports[1]).not.toBe(2181);
  });

  it('are the same for the same name, and lie where nothing is handed out by the system', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.stringMatching(/^[a-z0-9]{1,32}$/),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 0, max: 9 }),
        async (name, size, observers) => {
          const [one, other] = [
            await choose(new FakeEngine(), 'auto', { size, observers }, name),
            await choose(new FakeEngine(), 'auto', { size, observers }, name),
          ];
          expect(one).toEqual(other);
          const ports = Object.values(one.ports);
          expect(ports).toEqual(ports.map((_, index) => (ports[0] ?? 0) + index));
          expect(Math.min(...ports)).toBeGreaterThanOrEqual(20_000);
          expect(Math.max(...ports)).toBeLessThan(32_768);
          expect(ports).toHaveLength(size + observers);
        },
      ),
    );
  });

  it('skip what is taken', async () => {
    const engine = new FakeEngine();
    const first = (await choose(engine, 'auto')).ports[1] ?? 0;
    await publish(engine, first + 2);
    const second = (await choose(engine, 'auto')).ports[1] ?? 0;
    expect(second).not.toBe(first);
    taken.add(second);
    const third = (await choose(engine, 'auto')).ports[1];
    expect([first, second]).not.toContain(third);
  });

  it('are a conflict where none are free', async () => {
    for (let port = 20_000; port < 32_768; port += 1) taken.add(port);
    expect(await failureOf(choose(new FakeEngine(), 'auto'))).toMatchObject({ code: 'conflict' });
  });
});

describe('a port that was asked for', () => {
  it('is that, and the ones after it', async () => {
    expect((await choose(new FakeEngine(), 12_181)).ports).toEqual({ 1: 12_181, 2: 12_182, 3: 12_183 });
  });

  it.each(['127.0.0.1', '0.0.0.0'])('is a conflict that names the container that has one of them on %s', async (address) => {
    const engine = new FakeEngine();
    await publish(engine, 12_183, address);
    const failure = await failureOf(choose(engine, 12_181));
    expect(failure).toMatchObject({
      code: 'conflict',
      details: { reason: 'port-taken', address: '127.0.0.1', port: 12_183, owner: 'container "app-12183"' },
    });
    expect(failure.message).toBe('Port 127.0.0.1:12183 is taken by container "app-12183"');
    expect(failure.suggestions.join()).toContain('--client-port auto');
  });

  it('is a conflict where a process has it', async () => {
    taken.add(12_182);
    expect(await failureOf(choose(new FakeEngine(), 12_181))).toMatchObject({ code: 'conflict', details: { port: 12_182 } });
  });
});
