/** What is typed wrong: exit 2 in both forms, and neither an engine nor a ZooKeeper is asked. */
import { beforeEach, describe, expect, it } from 'vitest';
import { loadCommands } from '../../support/commands.js';
import { createZnodeWorld, type ZnodeWorld } from '../../support/znode-world.js';

const ids = [...(await loadCommands()).keys()].filter((id) => id.startsWith('znode:')).map((id) => id.slice('znode:'.length));
/** What stands after the path. */
const REST: Readonly<Record<string, readonly string[]>> = { 'acl:set': ['world:anyone:r'], cp: ['/b'], diff: ['/b'], set: ['x'] };
/** They have a path, but not as their first argument, or need none. */
const WITHOUT_PATH = ['import', 'diff'];
const OPTIONAL_PATH = ['ls', 'tree', 'du', 'find'];

let world: ZnodeWorld;
beforeEach(() => {
  world = createZnodeWorld();
});

/** Runs both forms; answers the words on stderr. */
async function refused(id: string, argv: readonly string[]): Promise<string> {
  const human = await world.run(id, argv);
  expect(human, human.stderr).toMatchObject({ exitCode: 2, stdout: '', openings: [], sessions: [] });
  expect(human.stderr).toMatch(/^Error: /);
  const json = await world.json(id, argv);
  expect(json).toMatchObject({ exitCode: 2, stderr: '', openings: [], sessions: [], document: { error: { code: 'usage', exitCode: 2 } } });
  return human.stderr;
}

describe.each(ids)('znode %s', (id) => {
  const needed = [...(id === 'import' ? ['-'] : ['/a']), ...(REST[id] ?? [])];

  it('refuses an unknown flag and names the way to the help', async () => {
    const words = await refused(id, [...needed, '--frobnicate']);
    expect(words).toContain('--frobnicate');
    expect(words).toContain(`zkd znode ${id.replaceAll(':', ' ')} --help`);
  });

  it('refuses more arguments than it takes', async () => {
    await refused(id, ['/a', '/b', '/c', '/d']);
  });

  it('refuses to be without what it needs', async () => {
    if (!OPTIONAL_PATH.includes(id)) await refused(id, []);
  });

  it('refuses what stands after --, but for watch', async () => {
    if (id !== 'watch') expect(await refused(id, [...needed, '--', 'ls'])).toContain('Nothing may stand after "--"');
  });

  it('refuses two engines, and two ensembles', async () => {
    await refused(id, [...needed, '--cluster', 'x', '--connect', 'y:1']);
    await refused(id, [...needed, '--cluster', 'x', '--docker-host', 'tcp://x', '--context', 'y']);
  });

  it.each(['app', '', '/a//b', '/a/./b', '/a/../b', '/a\u0000b', '/a\u0007', '/\u{1f600}'])('refuses %j for a path', async (path) => {
    if (!WITHOUT_PATH.includes(id)) await refused(id, [path, ...(REST[id] ?? [])]);
  });
});

it('find wants a session for an owner', async () => {
  const { exitCode, stderr } = await createZnodeWorld().run('find', ['/', '--owner', 'zz']);
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining('--owner "zz" is no session') as string]);
});
