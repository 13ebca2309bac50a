import { describe, expect, it } from 'vitest';
import { ZkdError, hasReason } from '../../../src/errors.js';
import { FakeEngine } from '../../fakes/fake-engine.js';
import type { FakeCommand } from '../../fakes/fake-exec.js';
import { COMMANDS, PROGRAMS, describeEngineContract } from '../../support/engine-contract.js';

const IMAGE = 'zkd/zookeeper:3.9';

function contractEngine(): FakeEngine {
  const engine = new FakeEngine();
  engine.addImage(IMAGE, {
    labels: { 'zkd.zookeeper.version': '3.9.3' },
    volumes: ['/data'],
    files: { '/etc/skel/.profile': '# shipped\n', '/tmp/.keep': '' },
  });
  engine.onStart = ({ id, spec }) => {
    if (spec.command === PROGRAMS.lingers) {
      engine.log(id, 'up');
      engine.log(id, 'complaint', 'stderr');
    }
    if (spec.command === PROGRAMS.crashes) {
      engine.log(id, 'last words');
      engine.exit(id, 3);
    }
  };
  engine.onStop = ({ spec }) => (spec.command === PROGRAMS.deaf ? undefined : 0);
  engine.onExec = (_container, { command, stdin, env }) => {
    if (command === COMMANDS.echoes) return { stdout: Buffer.from(stdin ?? '') };
    if (command === COMMANDS.greets) return { stdout: Buffer.from(`${env?.['GREETING'] ?? ''}\n`) };
    return { exitCode: 4, stdout: Buffer.from('out\n'), stderr: Buffer.from('err\n') };
  };
  engine.onAttach = (_container, { command }) => {
    if (command === COMMANDS.echoes) return echo;
    if (command === COMMANDS.heeds || command === COMMANDS.waits) return wait;
    if (command === COMMANDS.measures) return measure;
    if (command === COMMANDS.missing || command === COMMANDS.forbidden) {
      const why = command === COMMANDS.missing ? 'executable file not found in $PATH' : 'permission denied';
      return () => `OCI runtime exec failed: exec failed: "${command[0] ?? ''}": ${why}: unknown`;
    }
    return undefined;
  };
  return engine;
}

const echo: FakeCommand = async ({ input, write }) => {
  for await (const chunk of input) await write(chunk);
  return 0;
};
const wait: FakeCommand = async ({ options, write, signalled }) => {
  if (options.command === COMMANDS.waits) void write('ready\n');
  else {
    const signal = signalled();
    void write('ready\n');
    if ((await signal) === 'INT') return 7;
  }
  return new Promise<number>(() => undefined);
};
const measure: FakeCommand = async ({ input, write, size }) => {
  for await (const line of input) {
    if (line.toString() === 'end\n') break;
    await write(`${size()?.rows ?? 0} ${size()?.columns ?? 0}\r\n`);
  }
  return 0;
};

describeEngineContract('FakeEngine', () => {
  const engine = contractEngine();
  let port = 30_000;
  return Promise.resolve({
    engine,
    image: IMAGE,
    freePort: () => Promise.resolve(port++),
    busyPort: () => {
      engine.occupyPort(port);
      return Promise.resolve(port++);
    },
    close: () => engine.close(),
  });
});

describe('FakeEngine in the hands of a test', () => {
  it('records calls and fails the next one on request', async () => {
    const engine = contractEngine();
    const error = new ZkdError('engine-unavailable', 'gone', { details: { reason: 'unreachable' } });
    engine.failNext('createContainer', error);
    await expect(engine.createContainer({ name: 'one', image: IMAGE })).rejects.toBe(error);
    const id = await engine.createContainer({ name: 'one', image: IMAGE });
    await engine.startContainer(id);
    expect(engine.calls.map(({ method }) => method)).toEqual(['createContainer', 'createContainer', 'startContainer']);
    expect(engine.calls[2]?.args).toEqual([id]);
  });

  it('lets a started program write files, and a program end out of memory', async () => {
    const engine = contractEngine();
    engine.onStart = ({ files }) =>
      void files.put({ path: '/conf/zoo.cfg.dynamic.0', content: 'server.1=x\n', mode: 0o644, uid: 0, gid: 0 });
    const id = await engine.createContainer({ name: 'one', image: IMAGE, mounts: [{ volume: 'conf', target: '/conf' }] });
    await engine.startContainer(id);
    expect((await engine.readFile(id, '/conf/zoo.cfg.dynamic.0'))?.toString()).toBe('server.1=x\n');
    engine.exit(id, 137, { oom: true });
    expect(await engine.findContainer('one')).toMatchObject({ state: 'exited', exitCode: 137, outOfMemory: true });
  });

  it('pulls what the test says a registry has, and waits no longer than the signal', async () => {
    const engine = new FakeEngine();
    engine.onPull = (reference) => (reference === 'there:1' ? { labels: { a: 'b' } } : 'pull access denied');
    await engine.pullImage('there:1');
    expect(await engine.findImage('there:1')).toMatchObject({ references: ['there:1'], labels: { a: 'b' } });
    await expect(engine.pullImage('elsewhere:1')).rejects.toThrow('Cannot pull image "elsewhere:1": pull access denied');
    engine.onPull = () => new Promise(() => undefined);
    const stop = new AbortController();
    const pull = engine.pullImage('slow:1', { signal: stop.signal });
    stop.abort();
    expect(hasReason(await pull.catch((error: unknown) => error), 'image-unavailable')).toBe(true);
  });
});
