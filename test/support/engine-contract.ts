/**
 * What the rooms rely on in a container engine, as tests: run for the fake and for a real engine, so that they cannot drift apart.
 * A program inside is a shell command here; the fake acts the few that are named below.
 * Everything made carries the label of its run and is removed afterwards.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ZkdError } from '../../src/errors.js';
import type {
  AttachedExec,
  AttachedExecOptions,
  Engine,
  EngineErrorReason,
  EngineEvent,
  FileEntry,
  LogLine,
  OutputChunk,
} from '../../src/engine/engine.js';

/** Programs of the contract. */
export const PROGRAMS = {
  /** Logs `up` and, on stderr, `complaint`; ends with 0 when told to. */
  lingers: ['sh', '-c', 'trap "exit 0" TERM; echo up; echo complaint >&2; while :; do sleep 0.05; done'],
  /** Does not listen to TERM. */
  deaf: ['sh', '-c', 'trap "" TERM; while :; do sleep 0.05; done'],
  /** Logs `last words`, ends with 3. */
  crashes: ['sh', '-c', 'echo last words; exit 3'],
} as const;

/** Commands run inside in the contract. */
export const COMMANDS = {
  /** `out` on stdout, `err` on stderr, exit code 4. */
  talks: ['sh', '-c', 'echo out; echo err >&2; exit 4'],
  echoes: ['cat'],
  /** The variable GREETING. */
  greets: ['sh', '-c', 'echo "$GREETING"'],
  /** Says `ready`; ends with 7 when interrupted. Its own child does not listen. */
  heeds: ['sh', '-c', 'trap "exit 7" INT; echo ready; while :; do sleep 0.05; done'],
  /** Says `ready` and waits in a child; no signal is handled. */
  waits: ['sh', '-c', 'echo ready; sleep 600; true'],
  /** Says rows and columns of its terminal, again when that changes; ends with 0 at the end of a line of input. */
  measures: ['sh', '-c', 'trap "stty size" WINCH; stty size; read line; while [ "$line" != end ]; do stty size; read line; done'],
  missing: ['no-such-command', 'x'],
  forbidden: ['/etc/passwd'],
} as const;

/** What the suite needs besides an engine. */
export interface ContractSubject {
  readonly engine: Engine;
  /** An image with a shell, with files below `/etc/skel`, with `/data` declared as a volume and labelled `zkd.zookeeper.version`. */
  readonly image: string;
  /** A port of 127.0.0.1 that nobody holds. */
  readonly freePort: () => Promise<number>;
  /** A port of 127.0.0.1 that a process holds which is no container, until the suite ends. */
  readonly busyPort: () => Promise<number>;
  readonly close: () => Promise<void>;
}

/** Runs the contract for one engine. */
export function describeEngineContract(name: string, makeSubject: () => Promise<ContractSubject>): void {
  describe(`the engine contract, kept by ${name}`, () => {
    const run = `t${randomBytes(4).toString('hex')}`;
    const labels = { 'zkd.test': run };
    let count = 0;
    const fresh = (what = 'c'): string => `zkd-${run}-${what}${++count}`;
    let subject: ContractSubject;
    let engine: Engine;
    let network: string;

    beforeAll(async () => {
      subject = await makeSubject();
      engine = subject.engine;
      network = await engine.createNetwork({ name: fresh('net'), labels });
    });
    afterEach(async () => {
      const left = await engine.listContainers(labels);
      await Promise.all(left.map(({ id }) => engine.removeContainer(id, { force: true, anonymousVolumes: true })));
    });
    afterAll(async () => {
      for (const { id } of await engine.listNetworks({ labels })) await engine.removeNetwork(id);
      for (const volume of await engine.listVolumes({ labels })) await engine.removeVolume(volume.name);
      await subject.close();
    });

    type Spec = Parameters<Engine['createContainer']>[0];
    const create = (spec: Partial<Spec> = {}): Promise<string> =>
      engine.createContainer({ name: fresh(), image: subject.image, command: PROGRAMS.lingers, labels, network, ...spec });
    const started = async (spec: Partial<Spec> = {}): Promise<string> => {
      const id = await create(spec);
      await engine.startContainer(id);
      return id;
    };
    const refusal = async (attempt: Promise<unknown>, reason: EngineErrorReason): Promise<ZkdError> => {
      const error: unknown = await attempt.then(
        (value) => expect.fail(`fulfilled with ${JSON.stringify(value)}, should be refused as ${reason}`),
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(ZkdError);
      expect((error as ZkdError).details['reason'], (error as ZkdError).message).toBe(reason);
      return error as ZkdError;
    };
    const found = async (id: string) => (await engine.findContainer(id)) ?? expect.fail(`container ${id} is not there`);
    const until = async <T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> => {
      const deadline = Date.now() + 20_000;
      for (;;) {
        const seen = await look();
        if (seen !== undefined && seen !== false) return seen;
        if (Date.now() > deadline) expect.fail(`did not happen within 20 s: ${what}`);
        await delay(20);
      }
    };
    const file = (path: string, content?: string | Uint8Array): FileEntry => ({
      path,
      ...(content !== undefined && { content }),
      mode: content === undefined ? 0o750 : 0o640,
      uid: 1000,
      gid: 1000,
    });

    it('tells its versions', async () => {
      const info = await engine.info();
      expect(Object.keys(info).sort()).toEqual(['apiVersion', 'architecture', 'engineVersion', 'os']);
      expect(info.apiVersion).toMatch(/^1\.\d+$/);
      expect(info.os).toBe('linux');
    });

    it('is one and the same engine each time', async () => {
      const { id, name } = await engine.identify();
      expect([id, name].every((word) => word.length > 0)).toBe(true);
      expect(await engine.identify()).toEqual({ id, name });
    });

    describe('a container that is created', () => {
      it('is not started, and is found by name, by id and by short id', async () => {
        const name = fresh();
        const id = await create({ name, env: { ZK_TEST: 'a=b' }, hostname: 'member', user: '1000:1000', memoryBytes: 64 * 2 ** 20 });
        expect(id).toMatch(/^[0-9a-f]{64}$/);
        const container = await found(id);
        expect(container).toMatchObject({
          id,
          name,
          image: subject.image,
          state: 'created',
          exitCode: null,
          startedAt: null,
          finishedAt: null,
        });
        expect(container).toMatchObject({
          hostname: 'member',
          user: '1000:1000',
          memoryBytes: 64 * 2 ** 20,
          restarts: 0,
          restartPolicy: 'no',
        });
        expect(container).toMatchObject({ command: PROGRAMS.lingers, startError: '', health: null, tty: false, outOfMemory: false });
        expect(container.labels).toMatchObject(labels);
        expect(container.env).toMatchObject({ ZK_TEST: 'a=b' });
        expect(Date.parse(container.createdAt)).toBeGreaterThan(Date.now() - 60_000);
        expect(await engine.findContainer(name)).toEqual(container);
        expect(await engine.findContainer(id.slice(0, 12))).toEqual(container);
      });

      it('knows its network by name before it is attached, also when it was given by id', async () => {
        const name = fresh('net');
        const networkId = await engine.createNetwork({ name, labels });
        for (const given of [name, networkId]) {
          const id = await create({ network: given, networkAliases: ['member'] });
          expect((await found(id)).networks).toEqual([{ name, id: '', address: '' }]);
        }
      });

      it('is not found by the beginning of its id, nor by anything that is no name', async () => {
        const id = await create();
        for (const odd of [id.slice(0, 6), 'no-such', '', '.', '../images', 'a/b', 'a?b', 'a b%2f#'])
          expect(await engine.findContainer(odd)).toBeUndefined();
      });

      it('has a name of its own: a second one of that name is refused', async () => {
        const name = fresh();
        await create({ name });
        const error = await refusal(create({ name }), 'name-taken');
        expect(error).toMatchObject({ code: 'conflict' });
        expect(error.message).toContain(name);
      });

      it('leaves the name with exactly one of several who want it at once', async () => {
        const name = fresh();
        const results = await Promise.allSettled(Array.from({ length: 5 }, () => create({ name })));
        expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      });

      it('needs an image that is there', async () => {
        const error = await refusal(create({ image: 'zkd/no-such-image:0' }), 'no-such-image');
        expect(error).toMatchObject({ code: 'not-found' });
      });

      it('needs a name that can be one', async () => {
        await refusal(create({ name: '-no name' }), 'other');
      });
    });

    describe('volumes', () => {
      it('are made by the container that mounts them, with its labels; existing ones keep their own', async () => {
        const [made, there] = [fresh('vol'), fresh('vol')];
        await engine.createVolume(there, { ...labels, owner: 'first' });
        const mounts = [made, there].map((volume, index) => ({ volume, target: `/mnt/${index}`, labels: { ...labels, owner: 'second' } }));
        const id = await create({ mounts });
        expect((await found(id)).volumes).toMatchObject({ '/mnt/0': made, '/mnt/1': there });
        const owners = (await engine.listVolumes({ names: [made, there] })).map((volume) => [volume.name, volume.labels['owner']]);
        expect(Object.fromEntries(owners)).toEqual({ [made]: 'second', [there]: 'first' });
      });

      it('outlive the container where they are named; anonymous ones go along on request', async () => {
        const volume = fresh('vol');
        const id = await create({ mounts: [{ volume, target: '/conf', labels }, { target: '/scratch' }] });
        const { volumes } = await found(id);
        // The image declares /data, the specification does not mount it.
        expect(Object.keys(volumes)).toEqual(expect.arrayContaining(['/conf', '/scratch', '/data']));
        await engine.writeFiles(id, [file('/conf/zoo.cfg', 'tickTime=2000\n')]);
        await engine.removeContainer(id, { anonymousVolumes: true });
        const names = Object.values(volumes);
        expect((await engine.listVolumes({ names })).map(({ name }) => name)).toEqual([volume]);
        const next = await create({ mounts: [{ volume, target: '/elsewhere' }] });
        expect((await engine.readFile(next, '/elsewhere/zoo.cfg'))?.toString()).toBe('tickTime=2000\n');
        expect(await engine.findFile(next, '/elsewhere/zoo.cfg')).toMatchObject({ sizeBytes: 14 });
        expect(await engine.findFile(next, '/elsewhere/other')).toBeUndefined();
        expect(await engine.findFile(next, '/elsewhere')).toBeUndefined();
      });

      it('take over what the image has at the target, unless told not to', async () => {
        const [full, empty] = [fresh('vol'), fresh('vol')];
        const one = await create({ mounts: [{ volume: full, target: '/etc/skel', labels }] });
        const other = await create({ mounts: [{ volume: empty, target: '/etc/skel', labels, noCopy: true }] });
        expect((await engine.readFiles(one, '/etc/skel')).size).toBeGreaterThan(0);
        expect((await engine.readFiles(other, '/etc/skel')).size).toBe(0);
      });

      it('can be read only, which changes nothing of what they are', async () => {
        const volume = fresh('vol');
        const id = await create({ mounts: [{ volume, target: '/mnt', labels, readOnly: true }] });
        expect((await found(id)).volumes).toMatchObject({ '/mnt': volume });
      });

      it('are none where a path of the host is mounted', async () => {
        const id = await create({ mounts: [{ hostPath: '/etc', target: '/mnt', readOnly: true }] });
        expect(Object.keys((await found(id)).volumes)).not.toContain('/mnt');
      });

      it('are made once however often that is asked, and are listed by exact name and by label', async () => {
        const name = fresh('vol');
        await engine.createVolume(name, { ...labels, kind: 'data' });
        await engine.createVolume(name, { ...labels, kind: 'other' });
        await engine.createVolume(`${name}-longer`, labels);
        expect(await engine.listVolumes({ names: [name] })).toMatchObject([{ name, labels: { ...labels, kind: 'data' } }]);
        expect(await engine.listVolumes({ names: [] })).toEqual([]);
        expect((await engine.listVolumes({ labels: { ...labels, kind: true } })).map((volume) => volume.name)).toEqual([name]);
      });

      it('cannot be removed while a container has them, running or not; removing a gone one is success', async () => {
        const volume = fresh('vol');
        const id = await create({ mounts: [{ volume, target: '/conf', labels }] });
        expect(await refusal(engine.removeVolume(volume), 'volume-in-use')).toMatchObject({ code: 'conflict' });
        await engine.removeContainer(id, { anonymousVolumes: true });
        await engine.removeVolume(volume);
        await engine.removeVolume(volume);
        expect(await engine.listVolumes({ names: [volume] })).toEqual([]);
      });
    });

    describe('the life of a container', () => {
      it('starts, once; is attached and published; stops with the code its program chose, once', async () => {
        const hostPort = await subject.freePort();
        const ports = [{ containerPort: 2181, hostAddress: '127.0.0.1', hostPort }];
        const id = await create({ ports });
        expect(await found(id)).toMatchObject({ ports: [], wantedPorts: ports });
        await engine.startContainer(id);
        await engine.startContainer(id);
        const running = await found(id);
        const at2181 = { port: 2181, protocol: 'tcp', bindings: [{ hostAddress: '127.0.0.1', hostPort }] };
        expect(running).toMatchObject({ state: 'running', exitCode: null, ports, wantedPorts: ports, stopSignal: 'SIGTERM' });
        expect(running.exposedPorts).toContainEqual(at2181);
        expect(running.declaredPorts).toContainEqual({ ...at2181, bindings: [] });
        const listed = (await engine.listContainers(labels)).find((one) => one.id === id);
        expect(listed).toMatchObject({ exposedPorts: running.exposedPorts, networkMode: running.networkMode });
        expect(running.networks).toMatchObject([{ id: network }]);
        expect(running.networks[0]?.address).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
        expect(running.networks[0]?.gateway).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
        expect(running.networks[0]?.gateway).not.toBe(running.networks[0]?.address);
        expect(Date.parse(running.startedAt ?? '')).toBeGreaterThan(Date.now() - 60_000);
        expect((await engine.listAttachments(network)).map(({ containerId }) => containerId)).toEqual([id]);
        await until('the program listens', async () => (await collect(engine.logs(id))).length === 2);

        await engine.stopContainer(id, { timeoutMs: 10_000 });
        await engine.stopContainer(id, { timeoutMs: 10_000 });
        const stopped = await found(id);
        expect(stopped).toMatchObject({ state: 'exited', exitCode: 0, ports: [], wantedPorts: ports });
        expect(stopped.networks).toEqual([{ name: stopped.networks[0]?.name, id: '', address: '' }]);
        expect(Date.parse(stopped.finishedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(running.startedAt ?? ''));
        expect(await engine.listAttachments(network)).toEqual([]);
      });

      it('has a health from its start on where it has a health check, and none when it does not run', async () => {
        const id = await create({ healthCheck: { test: ['CMD-SHELL', 'false'], startPeriodMs: 60_000, intervalMs: 60_000 } });
        expect((await found(id)).health).toBeNull();
        await engine.startContainer(id);
        expect((await found(id)).health).toBe('starting');
        await engine.stopContainer(id, { timeoutMs: 1000 });
        expect((await found(id)).health).toBeNull();
      });

      it('is killed where it does not stop in time', async () => {
        const id = await started({ command: PROGRAMS.deaf });
        await engine.stopContainer(id, { timeoutMs: 1 });
        expect(await found(id)).toMatchObject({ state: 'exited', exitCode: 137 });
      });

      it('ends by itself, and tells how', async () => {
        const id = await started({ command: PROGRAMS.crashes });
        const ended = await until('it ends', async () => ((await found(id)).state === 'exited' ? found(id) : undefined));
        expect(ended).toMatchObject({ exitCode: 3, outOfMemory: false, restarts: 0 });
      });

      it('takes signals while it runs only', async () => {
        const id = await create();
        expect(await refusal(engine.killContainer(id, 'KILL'), 'not-running')).toMatchObject({ code: 'conflict' });
        await engine.startContainer(id);
        await engine.killContainer(id, 'KILL');
        await until('it is dead', async () => (await found(id)).exitCode === 137);
      });

      it('pauses and goes on, each once', async () => {
        const id = await started();
        await engine.pauseContainer(id);
        await engine.pauseContainer(id);
        expect(await found(id)).toMatchObject({ state: 'paused', exitCode: null });
        await refusal(engine.exec(id, { command: COMMANDS.talks }), 'not-running');
        await refusal(engine.attachExec(id, { command: COMMANDS.talks, hasInput: false }), 'not-running');
        await engine.unpauseContainer(id);
        await engine.unpauseContainer(id);
        expect(await found(id)).toMatchObject({ state: 'running' });
        await engine.stopContainer(id, { timeoutMs: 1000 });
        await refusal(engine.pauseContainer(id), 'not-running');
      });

      it('stops out of a pause', async () => {
        const id = await started();
        await engine.pauseContainer(id);
        await refusal(engine.startContainer(id), 'not-running');
        await engine.stopContainer(id, { timeoutMs: 1000 });
        expect(await found(id)).toMatchObject({ state: 'exited' });
      });

      it('is restarted by its policy when it crashes, and counts that; a stop ends it', async () => {
        const id = await started({ command: PROGRAMS.crashes, restart: 'unless-stopped' });
        const looping = await until('two restarts', async () => ((await found(id)).restarts >= 2 ? found(id) : undefined));
        expect(looping.restartPolicy).toBe('unless-stopped');
        await refusal(engine.removeContainer(id), 'running');
        await engine.stopContainer(id, { timeoutMs: 1000 });
        expect(await found(id)).toMatchObject({ state: 'exited', exitCode: 3 });
      });

      it('is not restarted by its policy after a signal by hand', async () => {
        const id = await started({ restart: 'unless-stopped' });
        await engine.killContainer(id, 'KILL');
        await until('it is dead', async () => (await found(id)).state === 'exited');
        await delay(300);
        expect(await found(id)).toMatchObject({ state: 'exited', exitCode: 137, restarts: 0 });
      });

      it('can be given another policy, in force at once', async () => {
        const id = await started({ command: PROGRAMS.crashes, restart: 'unless-stopped' });
        await engine.setRestartPolicy(id, 'no');
        await until('the loop ends', async () => (await found(id)).state === 'exited');
        await engine.setRestartPolicy(id, 'unless-stopped');
        expect((await found(id)).restartPolicy).toBe('unless-stopped');
      });

      it('is removed while it runs only by force; removing a gone one is success, also for several at once', async () => {
        const id = await started();
        expect(await refusal(engine.removeContainer(id), 'running')).toMatchObject({ code: 'conflict' });
        await Promise.all(Array.from({ length: 4 }, () => engine.removeContainer(id, { force: true, anonymousVolumes: true })));
        await engine.removeContainer(id);
        expect(await engine.findContainer(id)).toBeUndefined();
      });

      it('goes on under another name, which one container of several gets', async () => {
        const [first, second] = [await create(), await create()];
        const [old, name] = [(await found(first)).name, fresh()];
        await engine.renameContainer(first, name);
        await engine.renameContainer(first, name);
        expect(await found(name)).toMatchObject({ id: first, state: 'created' });
        expect(await engine.findContainer(old)).toBeUndefined();
        await refusal(engine.renameContainer(second, name), 'name-taken');
        await engine.startContainer(first);
        expect((await engine.listAttachments(network)).map(({ containerName }) => containerName)).toEqual([name]);

        const others = [second, await create(), await create()];
        await engine.removeContainer(first, { force: true, anonymousVolumes: true });
        const outcomes = await Promise.allSettled(others.map((id) => engine.renameContainer(id, name)));
        expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      });

      it('may begin and end for several at once', async () => {
        const ids = await Promise.all(Array.from({ length: 4 }, () => create()));
        await Promise.all(ids.map((id) => engine.startContainer(id)));
        const listed = await engine.listContainers(labels);
        expect(listed.map(({ id, state }) => `${id} ${state}`).sort()).toEqual(ids.map((id) => `${id} running`).sort());
      });

      it('is over for every method once it is removed', async () => {
        const id = await create();
        await engine.removeContainer(id, { anonymousVolumes: true });
        const attempts = [
          engine.startContainer(id),
          engine.stopContainer(id, { timeoutMs: 1000 }),
          engine.killContainer(id, 'TERM'),
          engine.pauseContainer(id),
          engine.unpauseContainer(id),
          engine.renameContainer(id, fresh()),
          engine.setRestartPolicy(id, 'no'),
          engine.writeFiles(id, [file('/tmp/x', 'x')]),
          engine.findFile(id, '/tmp/x'),
          engine.readFile(id, '/tmp/x'),
          engine.readFiles(id, '/tmp'),
          engine.exec(id, { command: COMMANDS.talks }),
          engine.attachExec(id, { command: COMMANDS.talks, hasInput: false }),
          collect(engine.logs(id)),
          engine.connectNetwork(network, id),
        ];
        const errors = await Promise.all(attempts.map((attempt) => refusal(attempt, 'no-such-container')));
        for (const error of errors) expect(error).toMatchObject({ code: 'not-found' });
      });
    });

    describe('a start that fails', () => {
      it('names the port another container holds, and works once it is free', async () => {
        const hostPort = await subject.freePort();
        const ports = [{ containerPort: 2181, hostAddress: '127.0.0.1', hostPort }];
        const holder = await started({ ports });
        const id = await create({ ports });
        const error = await refusal(engine.startContainer(id), 'port-taken');
        expect(error).toMatchObject({ code: 'conflict', details: { port: hostPort, address: '127.0.0.1' } });
        expect(error.message).toContain(`127.0.0.1:${hostPort}`);
        const failed = await found(id);
        expect(failed).toMatchObject({ state: 'created', exitCode: null, ports: [] });
        expect(failed.startError).toContain(String(hostPort));
        await engine.removeContainer(holder, { force: true, anonymousVolumes: true });
        await engine.startContainer(id);
        expect(await found(id)).toMatchObject({ state: 'running', startError: '', ports });
      });

      it('names the port a process holds', async () => {
        const hostPort = await subject.busyPort();
        const id = await create({ ports: [{ containerPort: 2181, hostAddress: '127.0.0.1', hostPort }] });
        const error = await refusal(engine.startContainer(id), 'port-taken');
        expect(error.details).toMatchObject({ port: hostPort, address: '127.0.0.1' });
      });

      it('says that the network is not there', async () => {
        const id = await create({ network: fresh('nowhere') });
        expect(await refusal(engine.startContainer(id), 'no-such-network')).toMatchObject({ code: 'not-found' });
      });

      it('says that two networks have the name; by id there is no doubt', async () => {
        const name = fresh('net');
        const first = await engine.createNetwork({ name, labels });
        const second = await engine.createNetwork({ name, labels });
        expect(second).not.toBe(first);
        const id = await create({ network: name });
        expect(await refusal(engine.startContainer(id), 'network-ambiguous')).toMatchObject({ code: 'conflict' });
        await engine.startContainer(await create({ network: first }));
        expect(await engine.listAttachments(first)).toHaveLength(1);
      });

      it('remembers the network it was attached to: one made anew under the same name is another', async () => {
        const name = fresh('net');
        const id = await started({ network: await engine.createNetwork({ name, labels }) });
        await engine.stopContainer(id, { timeoutMs: 1000 });
        for (const old of await engine.listNetworks({ name })) await engine.removeNetwork(old.id);
        await engine.createNetwork({ name, labels });
        await refusal(engine.startContainer(id), 'no-such-network');
      });
    });

    describe('a listing', () => {
      it('takes containers by label key and by label value', async () => {
        const one = await create({ labels: { ...labels, color: 'red' } });
        const other = await create({ labels: { ...labels, color: 'blue' } });
        const ids = async (filter: Record<string, string | true>): Promise<string[]> =>
          (await engine.listContainers({ ...labels, ...filter })).map(({ id }) => id).sort();
        expect(await ids({ color: true })).toEqual([one, other].sort());
        expect(await ids({ color: 'red' })).toEqual([one]);
        expect(await ids({ color: 'green' })).toEqual([]);
        expect(await ids({ size: true })).toEqual([]);
      });

      it('tells what an inspection tells', async () => {
        const hostPort = await subject.freePort();
        const volume = fresh('vol');
        const id = await started({
          ports: [{ containerPort: 2181, hostAddress: '127.0.0.1', hostPort }],
          mounts: [{ volume, target: '/conf', labels }],
        });
        for (const state of ['running', 'exited']) {
          if (state === 'exited') await engine.stopContainer(id, { timeoutMs: 1000 });
          const [listed] = await engine.listContainers(labels);
          const inspected = await found(id);
          // A listing's time of creation has no fraction of a second on some engines.
          expect({ ...listed, createdAt: '' }).toEqual({ ...only(inspected, Object.keys(listed ?? {})), createdAt: '' });
          expect(listed).toMatchObject({ state, image: subject.image });
        }
      });
    });

    describe('files', () => {
      it('come out as they went in, while the container runs and while it does not', async () => {
        const id = await create({ mounts: [{ volume: fresh('vol'), target: '/conf', labels, noCopy: true }] });
        const bytes = Buffer.from([0, 255, 10, 13, 128]);
        await engine.writeFiles(id, [
          file('/conf/zoo.cfg', 'a\nb\n'),
          file('/conf/sub'),
          file('/conf/sub/raw', bytes),
          file('/tmp/empty', ''),
        ]);
        for (const running of [false, true]) {
          if (running) await engine.startContainer(id);
          expect((await engine.readFile(id, '/conf/zoo.cfg'))?.toString()).toBe('a\nb\n');
          expect(await engine.readFile(id, '/tmp/empty')).toHaveLength(0);
          expect(Object.fromEntries(await engine.readFiles(id, '/conf/'))).toEqual({
            '/conf/zoo.cfg': Buffer.from('a\nb\n'),
            '/conf/sub/raw': bytes,
          });
          expect([...(await engine.readFiles(id, '/conf/sub/raw')).keys()]).toEqual(['/conf/sub/raw']);
        }
        await engine.writeFiles(id, [file('/conf/zoo.cfg', 'c\n')]);
        expect((await engine.readFile(id, '/conf/zoo.cfg'))?.toString()).toBe('c\n');
      });

      it('that are not there are undefined, as is a directory', async () => {
        const id = await create();
        expect(await engine.readFile(id, '/etc/no-such-file')).toBeUndefined();
        expect(await engine.readFile(id, '/no/such/directory/file')).toBeUndefined();
        expect(await engine.readFile(id, '/etc')).toBeUndefined();
        expect((await engine.readFiles(id, '/no/such/directory')).size).toBe(0);
      });

      it('need a directory to be written into, unless it is written along', async () => {
        const id = await create();
        expect(await refusal(engine.writeFiles(id, [file('/nowhere/x', 'x')]), 'no-such-file')).toMatchObject({ code: 'not-found' });
        expect(await engine.readFile(id, '/nowhere/x')).toBeUndefined();
        await engine.writeFiles(id, [file('/nowhere'), file('/nowhere/x', 'x')]);
        expect((await engine.readFile(id, '/nowhere/x'))?.toString()).toBe('x');
        await refusal(engine.writeFiles(id, [file('/nowhere/x/y', 'y')]), 'no-such-file');
      });
    });

    describe('a command run inside', () => {
      it('answers its output, streams apart, and its exit code', async () => {
        const id = await started();
        const { exitCode, stdout, stderr } = await engine.exec(id, { command: COMMANDS.talks });
        expect([exitCode, stdout.toString(), stderr.toString()]).toEqual([4, 'out\n', 'err\n']);
      });

      it('is given input and variables', async () => {
        const id = await started();
        const input = 'x'.repeat(200_000);
        const echoed = await engine.exec(id, { command: COMMANDS.echoes, stdin: input });
        expect(echoed.exitCode).toBe(0);
        expect(echoed.stdout.toString()).toBe(input);
        const greeted = await engine.exec(id, { command: COMMANDS.greets, env: { GREETING: 'hello = you' } });
        expect(greeted.stdout.toString()).toBe('hello = you\n');
      });

      it('needs a running container', async () => {
        const id = await create();
        expect(await refusal(engine.exec(id, { command: COMMANDS.talks }), 'not-running')).toMatchObject({ code: 'conflict' });
      });
    });

    describe('a command run inside with its streams attached', () => {
      const attach = async (command: readonly string[], options: Partial<AttachedExecOptions> = {}): Promise<AttachedExec> =>
        engine.attachExec(await started(), { command, hasInput: false, ...options });
      const textOf = (chunks: readonly OutputChunk[], stream: OutputChunk['stream']): string =>
        Buffer.concat(chunks.filter((chunk) => chunk.stream === stream).map(({ data }) => data)).toString();
      /** Reads on until the output holds the words. */
      const reader = ({ output }: AttachedExec) => {
        const iterator = output[Symbol.asyncIterator]();
        let text = '';
        return async (words: RegExp): Promise<string> => {
          while (!words.test(text)) {
            const next = await iterator.next();
            if (next.done === true) expect.fail(`ended before ${String(words)} came: ${text}`);
            text += next.value.data.toString();
          }
          return text;
        };
      };

      it('gives its output, streams apart, and its exit code', async () => {
        const exec = await attach(COMMANDS.talks);
        const chunks = await collect(exec.output);
        expect([textOf(chunks, 'stdout'), textOf(chunks, 'stderr')]).toEqual(['out\n', 'err\n']);
        expect(await exec.end()).toEqual({ exitCode: 4, startError: null });
        exec.close();
      });

      it('is given input while it answers, until that ends', async () => {
        const exec = await attach(COMMANDS.echoes, { hasInput: true });
        const read = reader(exec);
        await exec.write(Buffer.from('one\n'));
        await read(/one\n/);
        await exec.write(Buffer.from('two\n'));
        await read(/one\ntwo\n/);
        exec.endInput();
        expect(await collect(exec.output)).toEqual([]);
        expect(await exec.end()).toEqual({ exitCode: 0, startError: null });
        exec.close();
      });

      it('passes every byte on, both ways, and waits for a slow reader', async () => {
        const exec = await attach(COMMANDS.echoes, { hasInput: true });
        const sent = Buffer.concat(Array.from({ length: 3000 }, (_, index) => Buffer.from([index % 256, 0, 10, 13, 255, 0x1b, 4, 3])));
        const big = Buffer.concat(Array.from({ length: 100 }, () => sent));
        const writing = (async () => {
          for (let at = 0; at < big.length; at += 65_536) await exec.write(big.subarray(at, at + 65_536));
          exec.endInput();
        })();
        const chunks: Buffer[] = [];
        for await (const { data } of exec.output) {
          chunks.push(data);
          if (chunks.length % 10 === 1) await delay(1);
        }
        await writing;
        expect(Buffer.concat(chunks).equals(big)).toBe(true);
        exec.close();
      });

      it('reads the end at once where it has no input', async () => {
        const exec = await attach(COMMANDS.echoes);
        expect(await collect(exec.output)).toEqual([]);
        expect(await exec.end()).toMatchObject({ exitCode: 0 });
        exec.close();
      });

      it('is sent signals, with what it started', async () => {
        const heeding = await attach(COMMANDS.heeds);
        await reader(heeding)(/ready/);
        expect(await heeding.signal('INT')).toBe(true);
        await collect(heeding.output);
        expect(await heeding.end()).toMatchObject({ exitCode: 7 });
        expect(await heeding.signal('INT')).toBe(false);
        heeding.close();
        const waiting = await attach(COMMANDS.waits);
        await reader(waiting)(/ready/);
        expect(await waiting.signal('TERM')).toBe(true);
        await collect(waiting.output);
        expect(await waiting.end()).toMatchObject({ exitCode: 143 });
        waiting.close();
      });

      it('has a terminal of the given size, and of another one later', async () => {
        const exec = await attach(COMMANDS.measures, { hasInput: true, terminal: { columns: 91, rows: 17 } });
        const read = reader(exec);
        // The first look may come before the size does.
        await exec.write(Buffer.from('\n'));
        await read(/17 91\r?\n/);
        await exec.resize({ columns: 132, rows: 43 });
        await exec.write(Buffer.from('\n'));
        await read(/43 132\r?\n/);
        await exec.write(Buffer.from('end\n'));
        await collect(exec.output);
        expect(await exec.end()).toMatchObject({ exitCode: 0 });
        exec.close();
      });

      it.each([
        ['missing', 127],
        ['forbidden', 126],
      ] as const)('that is %s is no output but an end with %i', async (command, exitCode) => {
        for (const terminal of [undefined, { columns: 80, rows: 24 }]) {
          const exec = await attach(COMMANDS[command], terminal && { terminal });
          expect(await collect(exec.output)).toEqual([]);
          const end = await exec.end();
          expect(end.exitCode).toBe(exitCode);
          expect(end.startError).toContain(COMMANDS[command][0]);
          exec.close();
        }
      });

      it('needs a running container', async () => {
        const id = await create();
        const attempt = engine.attachExec(id, { command: COMMANDS.talks, hasInput: false });
        expect(await refusal(attempt, 'not-running')).toMatchObject({ code: 'conflict' });
      });
    });

    describe('a log', () => {
      const texts = (lines: readonly LogLine[]): string[] => lines.map(({ stream, line }) => `${stream} ${line}`).sort();

      it('has the lines of both streams with their times', async () => {
        const id = await started();
        const lines = await until('both lines', async () => {
          const all = await collect(engine.logs(id));
          return all.length === 2 && all;
        });
        expect(texts(lines)).toEqual(['stderr complaint', 'stdout up']);
        for (const { time } of lines) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
        expect(await collect(engine.logs(id, { tail: 1 }))).toEqual(lines.slice(1));
        expect(await collect(engine.logs(id, { tail: 0 }))).toEqual([]);
        // To the nanosecond, and with the line of that time.
        for (const [index, { time }] of lines.entries())
          expect(await collect(engine.logs(id, { since: time }))).toEqual(lines.filter((line, at) => at >= index || line.time >= time));
        expect(await collect(engine.logs(id, { since: Math.ceil(Date.now() / 1000) + 60 }))).toEqual([]);
      });

      it('is followed until the container ends', async () => {
        const id = await started();
        const following = collect(engine.logs(id, { follow: true }));
        await until('both lines', async () => (await collect(engine.logs(id))).length === 2);
        await engine.stopContainer(id, { timeoutMs: 10_000 });
        expect(texts(await following)).toEqual(['stderr complaint', 'stdout up']);
      });

      it('is followed until the signal, or until nobody looks any more', async () => {
        const id = await started();
        const stop = new AbortController();
        const following = collect(engine.logs(id, { follow: true, signal: stop.signal }));
        for await (const { line } of engine.logs(id, { follow: true })) if (line === 'up') break;
        await until('both lines', async () => (await collect(engine.logs(id))).length === 2);
        await delay(100);
        stop.abort();
        expect(texts(await following)).toEqual(['stderr complaint', 'stdout up']);
        expect(await collect(engine.logs(id, { follow: true, signal: stop.signal }))).toHaveLength(0);
      });
    });

    describe('events', () => {
      it('tell the life of labelled containers from the call on, in order, until the signal', async () => {
        const before = await create({ labels: { ...labels, watched: 'yes' } });
        const stop = new AbortController();
        const events = engine.events({ labels: { ...labels, watched: 'yes' }, signal: stop.signal });
        await delay(200);
        const ignored = await create();
        const id = await started({ labels: { ...labels, watched: 'yes' } });
        await engine.stopContainer(id, { timeoutMs: 1000 });
        await Promise.all([before, ignored, id].map((each) => engine.removeContainer(each, { anonymousVolumes: true })));
        const seen: EngineEvent[] = [];
        for await (const event of events) {
          seen.push(event);
          if (event.action === 'destroy' && seen.filter(({ action }) => action === 'destroy').length === 2) break;
        }
        const actions = seen.filter((event) => event.id === id).map(({ action }) => action);
        expect(actions.filter((action) => !action.startsWith('kill'))).toEqual(['create', 'start', 'die', 'stop', 'destroy']);
        expect(seen.filter((event) => event.id === before).map(({ action }) => action)).toEqual(['destroy']);
        expect(seen.some((event) => event.id === ignored)).toBe(false);
        const die = seen.find(({ action }) => action === 'die');
        expect(die).toMatchObject({
          type: 'container',
          id,
          attributes: { ...labels, watched: 'yes' },
        });
        expect(die?.attributes['exitCode']).toMatch(/^\d+$/);
        for (const { time } of seen) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
        stop.abort();
      });

      it('end quietly at the signal, looked at or not', async () => {
        const stop = new AbortController();
        const watching = collect(engine.events({ labels, signal: stop.signal }));
        engine.events({ labels, signal: stop.signal });
        await delay(100);
        stop.abort();
        expect(await watching).toEqual([]);
        expect(await collect(engine.events({ labels, signal: stop.signal }))).toEqual([]);
      });
    });

    describe('images', () => {
      it('are found by reference and by label', async () => {
        const image = await engine.findImage(subject.image);
        expect(image?.id).toMatch(/^sha256:/);
        expect(Object.keys(image?.labels ?? {})).toContain('zkd.zookeeper.version');
        expect(image?.references).toContain(subject.image);
        const listed = await engine.listImages({ 'zkd.zookeeper.version': true });
        expect(listed.map(({ id }) => id)).toContain(image?.id);
        for (const odd of ['zkd/no-such-image:0', 'Not A Reference', 'a//b', '../json'])
          expect(await engine.findImage(odd)).toBeUndefined();
      });

      it("that no registry gives are refused in the engine's words", async () => {
        let signs = 0;
        const error = await refusal(engine.pullImage('registry.invalid/zookeeper:3.9', { onProgress: () => signs++ }), 'image-unavailable');
        expect(error).toMatchObject({ code: 'engine-unavailable' });
        expect(error.message).toContain('no such host');
      });

      it('are no longer waited for once the signal is aborted', async () => {
        const reason = new ZkdError('interrupted', 'Interrupted');
        await expect(engine.pullImage('registry.invalid/zookeeper:3.9', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
        await refusal(engine.pullImage('registry.invalid/zookeeper:3.9', { signal: AbortSignal.abort() }), 'image-unavailable');
      });
    });

    describe('networks', () => {
      it('are listed by label and by exact name, the earliest tellable', async () => {
        const name = fresh('net');
        const first = await engine.createNetwork({ name, labels: { ...labels, kind: 'mine' } });
        const second = await engine.createNetwork({ name, labels });
        await engine.createNetwork({ name: `${name}-longer`, labels });
        const named = await engine.listNetworks({ name });
        expect(named.map(({ id }) => id).sort()).toEqual([first, second].sort());
        const [earliest] = named.sort((one, other) => (one.createdAt < other.createdAt ? -1 : 1));
        expect(earliest).toMatchObject({ id: first, name, driver: 'bridge', labels: { ...labels, kind: 'mine' } });
        expect((await engine.listNetworks({ labels: { ...labels, kind: 'mine' } })).map(({ id }) => id)).toEqual([first]);
      });

      it('cannot be removed while a running container is attached; removing a gone one is success', async () => {
        const busy = await engine.createNetwork({ name: fresh('net'), labels });
        const id = await started({ network: busy });
        expect(await refusal(engine.removeNetwork(busy), 'network-in-use')).toMatchObject({ code: 'conflict' });
        await engine.stopContainer(id, { timeoutMs: 1000 });
        await engine.removeNetwork(busy);
        await engine.removeNetwork(busy);
        await refusal(engine.listAttachments(busy), 'no-such-network');
      });

      it('do not share a subnet', async () => {
        const subnet = `10.${200 + Math.floor(Math.random() * 50)}.${Math.floor(Math.random() * 250)}.0/24`;
        await engine.createNetwork({ name: fresh('net'), labels, subnet });
        expect(await refusal(engine.createNetwork({ name: fresh('net'), labels, subnet }), 'subnet-taken')).toMatchObject({
          code: 'conflict',
        });
      });

      it('connect and disconnect a running container, each once', async () => {
        const id = await started();
        const other = await engine.createNetwork({ name: fresh('net'), labels });
        await engine.connectNetwork(other, id, ['alias']);
        await engine.connectNetwork(other, id, ['alias']);
        expect((await found(id)).networks).toHaveLength(2);
        expect((await engine.listAttachments(other)).map(({ containerId }) => containerId)).toEqual([id]);
        await engine.disconnectNetwork(other, id);
        await engine.disconnectNetwork(other, id);
        expect(await engine.listAttachments(other)).toEqual([]);
        await refusal(engine.connectNetwork('no-such-network', id), 'no-such-network');
      });
    });
  });
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function only(value: object, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => keys.includes(key)));
}
