/** What a zkd of another version made (an unknown `zkd.schema`): every command that would touch it refuses, and touches nothing. */
import { describe, expect, it } from 'vitest';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { loadCommands } from '../../support/commands.js';
import { createWorld, TEST_IMAGE, type World } from '../../support/ensemble-world.js';
import { runJson } from '../../support/run-command.js';

useFakeHostPorts();

/** All commands of the topic, so that none that comes later is forgotten. */
const ids = [...(await loadCommands()).keys()].filter((id) => id.startsWith('cluster:') && id !== 'cluster:ls');

/** What a command needs beside the name. */
const REST: Readonly<Record<string, readonly string[]>> = {
  'cluster:down': ['--volumes', '--force'],
  'cluster:rm': ['--volumes', '--force'],
  'cluster:wait': ['--for', 'ready'],
  'cluster:exec': ['--member', '1', '--', 'true'],
};

const LATER = { 'zkd.schema': '2', 'zkd.cluster': 'zk', 'zkd.ensemble': '0123456789abcdef', 'zkd.member': '1', 'zkd.role': 'participant' };

describe.each<[string, (world: World) => Promise<unknown>]>([
  [
    'a running container and its volume',
    async ({ engine }) => {
      await engine.createVolume('zkd-zk-1-data', LATER);
      const mounts = [{ volume: 'zkd-zk-1-data', target: '/data' }];
      await engine.startContainer(await engine.createContainer({ name: 'zkd-zk-1', image: TEST_IMAGE, labels: LATER, mounts }));
    },
  ],
  ['a volume that was kept', ({ engine }) => engine.createVolume('zkd-zk-1-data', LATER)],
  ['a network', ({ engine }) => engine.createNetwork({ name: 'zkd-zk', labels: LATER })],
])('%s of another version', (_, make) => {
  it.each(ids)('%s: exit 12, and nothing is touched', async (id) => {
    const world = createWorld();
    await make(world);
    const before = await world.inventory();
    const { exitCode, document } = await runJson(id, ['zk', ...(REST[id] ?? [])], world);
    expect(exitCode).toBe(12);
    expect(document).toMatchObject({ error: { code: 'refused', details: { schema: '2', known: '1' } } });
    expect(await world.inventory()).toEqual(before);
  });
});
