/** Networks and configuration changed behind zkd's back: `up` repairs what it may, tells what it leaves, and data is kept. */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  belongingsOf,
  docker,
  expectFailure,
  IMAGE,
  keep,
  readFrom,
  look,
  up,
  useEnsembles,
  wholeEnsemble,
  type Cluster,
  type Member,
} from '../../support/story.js';
import { zkd } from '../../support/zkd.js';

const ensembles = useEnsembles();
let name = '';
let cluster: Cluster;

const network = (): string => `zkd-${name}`;
const containers = (): string[] => cluster.members.map(({ container }) => container);
const networkId = async (): Promise<string> => docker('network', 'inspect', '--format', '{{.Id}}', network());

beforeAll(async () => {
  name = ensembles.name();
  ({ cluster } = await up(name, '--client-port', 'auto', '--image', IMAGE, '--heap', '64m'));
  await keep(cluster, '/kept', 'whatever-the-network');
});

/** The next `up` changes something and makes it whole, in the containers that were there. */
async function expectRepaired(): Promise<void> {
  const repaired = await up(name);
  expect(repaired.changed).toBe(true);
  expect(repaired.cluster.members.map(({ containerId }) => containerId)).toEqual(cluster.members.map(({ containerId }) => containerId));
  expect(await look(name)).toMatchObject({ healthy: true, causes: [] });
  expect(await belongingsOf(name)).toEqual(wholeEnsemble(name, 3));
  const attached = await docker('network', 'inspect', '--format', '{{range .Containers}}{{.Name}} {{end}}', network());
  expect(attached.trim().split(' ').sort()).toEqual(containers());
  expect(await Promise.all(cluster.members.map((member) => readFrom(member, '/kept')))).toEqual(Array(3).fill('whatever-the-network'));
  expect(await up(name)).toMatchObject({ changed: false });
}

describe('the network', () => {
  /** Another one of the same name, with the labels of the first. */
  async function replaceNetwork(): Promise<void> {
    const before = await networkId();
    const labels = JSON.parse(await docker('network', 'inspect', '--format', '{{json .Labels}}', network())) as Record<string, string>;
    await docker('network', 'rm', network());
    await docker('network', 'create', ...Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]), network());
    expect(await networkId()).not.toBe(before);
  }

  it('replaced by one of the same name while the members are stopped', async () => {
    await docker('stop', ...containers());
    await replaceNetwork();
    await expectRepaired();
  });

  it('replaced by one of the same name under running members', async () => {
    for (const container of containers()) await docker('network', 'disconnect', '--force', network(), container);
    await replaceNetwork();
    await expectRepaired();
  });

  it('renamed: the members are on one of another name, and theirs is gone', async () => {
    const renamed = `${name}-renamed`;
    await docker('network', 'create', renamed);
    ensembles.later(() => docker('network', 'rm', renamed));
    for (const container of containers()) {
      await docker('network', 'connect', renamed, container);
      await docker('network', 'disconnect', network(), container);
    }
    await docker('network', 'rm', network());
    const seen = await look(name);
    expect(seen.causes.map(({ member, cause }) => [member, cause.split(':')[0]])).toEqual(
      [1, 2, 3].map((id) => [id, 'its container is cut off']),
    );
    // On two networks a member has two addresses of one name, and listens on one of them: zkd takes nobody off a network that is not its own.
    for (const container of containers()) await docker('network', 'disconnect', renamed, container);
    await expectRepaired();
  });

  it("replaced by somebody else's of the same name: exit 4, nothing is changed, and up repairs when it is gone", async () => {
    await docker('stop', ...containers());
    await docker('network', 'rm', network());
    await docker('network', 'create', network());
    const before = await networkId();
    await expectFailure(['cluster', 'up', name], {
      exitCode: 4,
      code: 'conflict',
      says: [`Network "${network()}" exists and does not belong to ensemble "${name}"`],
    });
    expect(await networkId()).toBe(before);
    expect(await docker('inspect', '--format', '{{.State.Status}}', ...containers())).toBe('exited\nexited\nexited');
    await docker('network', 'rm', network());
    await expectRepaired();
  });
});

describe('a configuration that was edited', () => {
  it('is told by up when it starts the member again, and left as it is', async () => {
    const member = cluster.members[1] as Member;
    const path = '/conf/zoo.cfg';
    await docker('stop', member.container);
    const original = (await ensembles.engine.readFile(member.container, path))?.toString('utf8') ?? '';
    const edited = `${original.replace(/^tickTime=.*$/m, 'tickTime=1900')}# by hand\n`;
    expect(edited).toContain('tickTime=1900');
    await ensembles.engine.writeFiles(member.container, [{ path, content: edited, mode: 0o644, uid: 1000, gid: 1000 }]);

    const { exitCode, stderr } = await zkd(['cluster', 'up', name]);
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toContain('Warning: the configuration of member 2 was edited (tickTime); it is left as it is');
    expect((await ensembles.engine.readFile(member.container, path))?.toString('utf8')).toBe(edited);
    expect(await look(name)).toMatchObject({ healthy: true });
  });
});
