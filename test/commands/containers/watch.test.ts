import { beforeEach, describe, expect, it } from 'vitest';
import { formatRecord } from '../../../src/registry/records.js';
import { createRegistryWorld, type RegistryWorld } from '../../support/registry-world.js';
import { stepByStep } from '../../support/run-command.js';
import { signalsFromNow } from '../../support/signals.js';

const OTHER = formatRecord({
  ...{ service: 'api', id: 'a', address: '10.0.0.1', port: 1, registeredAtMs: 0, payload: 'none', tags: [], metadata: {}, weight: 1 },
  container: { id: 'f'.repeat(64), name: 'a', image: 'i' },
  engine: { id: 'OTHER', name: 'elsewhere' },
});

let world: RegistryWorld;
beforeEach(async () => {
  world = await createRegistryWorld();
  await world.serve('web', 'web-1');
});

describe('containers watch', () => {
  it('tells what comes, changes and goes, until it is interrupted', async () => {
    const signal = signalsFromNow();
    const steps = stepByStep(
      () => world.znodes.put('/docker/api/a', { data: OTHER }),
      () => world.znodes.put('/docker/api/a', { data: OTHER.replace('"weight":1', '"weight":0') }),
      () => world.znodes.remove('/docker/api/a'),
      () => signal('SIGINT'),
    );
    const { stdout, stderr, exitCode, sessionStates } = await world.run('watch', [], steps);
    expect({ stderr, exitCode, sessionStates }).toEqual({ stderr: 'Watching: 1 registered\n', exitCode: 130, sessionStates: ['closed'] });
    expect(stdout.replaceAll(/^\S+Z /gm, '')).toBe(
      'up      api/a  10.0.0.1:1\nchanged api/a  10.0.0.1:1, out of service\ndown    api/a  10.0.0.1:1\n',
    );
  });

  it('prints the documents of the contract with --json, of one service where it is named', async () => {
    const signal = signalsFromNow();
    const steps = stepByStep(
      () => {
        world.znodes.remove('/docker/web/web-1');
        world.znodes.put('/docker/api/a', { data: OTHER });
      },
      () => signal('SIGTERM'),
    );
    const { stdout, exitCode } = await world.run('watch', ['api', '--json'], steps);
    expect(exitCode).toBe(143);
    const [event, failure, ...rest] = stdout.trimEnd().split('\n');
    expect(rest).toEqual([]);
    expect(JSON.parse(event ?? '')).toEqual({
      type: 'up',
      time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      registration: expect.objectContaining({
        path: '/docker/api/a',
        port: 1,
        container: { id: 'f'.repeat(64), name: 'a', image: 'i', state: null, health: null, host: 'elsewhere' },
      }) as object,
    });
    expect(JSON.parse(failure ?? '')).toMatchObject({ error: { code: 'terminated' } });
  });

  it('ends when nobody reads any more', async () => {
    const steps = stepByStep(() => world.znodes.put('/docker/api/a', { data: OTHER }));
    expect(await world.run('watch', [], { ...steps, readerLeavesAfter: 0 })).toMatchObject({ exitCode: 0, stdout: '' });
  });
});
