import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { stepByStep } from '../../support/run-command.js';
import { signalsFromNow } from '../../support/signals.js';
import { createZnodeWorld, type ZnodeWorld } from '../../support/znode-world.js';

let world: ZnodeWorld;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zkd-watching-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(() => {
  world = createZnodeWorld();
  world.znodes.put('/app/config', { data: 'blue' });
});

describe('znode watch', () => {
  it('prints a line a change until it is interrupted', async () => {
    const signal = signalsFromNow();
    const steps = stepByStep(
      () => world.znodes.put('/app/config', { data: 'green' }),
      () => world.znodes.put('/app/new/deep'),
      () => signal('SIGINT'),
    );
    const { stdout, stderr, exitCode, sessionStates } = await world.run('watch', ['/app', '-R'], steps);
    expect({ stderr, exitCode, sessionStates }).toEqual({ stderr: 'Watching "/app"\n', exitCode: 130, sessionStates: ['closed'] });
    expect(stdout).toMatch(/^\S+Z changed {2}\/app\/config {2}5 bytes, version 1\n\S+Z created {2}\/app\/new {2}0 bytes, version 0\n/);
  });

  it('prints the documents of the contract with --json', async () => {
    const signal = signalsFromNow();
    const steps = stepByStep(
      () => world.znodes.put('/app/config', { data: 'green' }),
      () => world.znodes.put('/app/config/child'),
      () => world.znodes.remove('/app/config'),
      () => signal('SIGTERM'),
    );
    const { stdout, exitCode } = await world.run('watch', ['/app/config', '--json'], steps);
    expect(exitCode).toBe(143);
    const time = expect.stringMatching(/^\d{4}-.*Z$/) as string;
    const zxid = expect.stringMatching(/^0x/) as string;
    const path = '/app/config';
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { type: 'changed', path, time, zxid },
      { type: 'children', path, time, zxid, children: ['child'] },
      { type: 'deleted', path, time },
      { error: expect.objectContaining({ code: 'terminated' }) as object },
    ]);
  });

  it('ends when nobody reads any more', async () => {
    const steps = stepByStep(() => world.znodes.put('/app/config', { data: 'green' }));
    expect(await world.run('watch', ['/app/config'], { ...steps, readerLeavesAfter: 0 })).toMatchObject({ exitCode: 0, stdout: '' });
  });

  it('ends with 6 when the session is gone and cannot be made anew', async () => {
    const steps = stepByStep(() => {
      world.znodes.unreachable = 'No server answers';
      world.znodes.expire({ id: world.znodes.requests.at(-1)?.sessionId ?? '' });
    });
    const { exitCode, stdout, stderr } = await world.run('watch', ['/app/config'], steps);
    expect({ exitCode, stdout }).toEqual({ exitCode: 6, stdout: '' });
    expect(stderr).toBe('Watching "/app/config"\nThe connection is gone: waiting for it\nError: No server answers\n');
  });

  it('runs a command on each change, with the new state on its stdin, until one fails', async () => {
    const log = join(folder, 'log');
    const script = `{ echo "$ZKD_EVENT $ZKD_PATH"; cat; echo; } >>${log}; [ "$ZKD_EVENT" != deleted ] || exit 7`;
    const steps = stepByStep(() => {
      world.znodes.put('/app/config', { data: 'green' });
      setTimeout(() => world.znodes.put('/app/config/child'), 100);
      setTimeout(() => world.znodes.remove('/app/config'), 200);
    });
    const { stdout, exitCode } = await world.run('watch', ['/app/config', '--', 'sh', '-c', script], steps);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 7 });
    expect(await readFile(log, 'utf8')).toBe('changed /app/config\ngreen\nchildren /app/config\nchild\n\ndeleted /app/config\n\n');
  });

  it('tells in the file of --result whose code it is, and adds to its own', async () => {
    const result = join(folder, 'result.json');
    const read = async () => JSON.parse(await readFile(result, 'utf8')) as unknown;
    const steps = stepByStep(() => world.znodes.put('/app/config', { data: 'green' }));
    const argv = ['/app/config', '--result', result, '--own-exit-base', '100'];
    expect(await world.run('watch', [...argv, '--', 'sh', '-c', 'exit 7'], steps)).toMatchObject({ exitCode: 7 });
    expect(await read()).toEqual({ source: 'child', code: 7 });
    const signal = signalsFromNow();
    const stopped = await world.run(
      'watch',
      [...argv, '--', 'true'],
      stepByStep(() => signal('SIGTERM')),
    );
    expect(stopped).toMatchObject({ exitCode: 243, stdout: '' });
    expect(stopped.stderr).toMatch(/\nzkd: exit code 243 is zkd's own, not the command's\n$/);
    expect(await read()).toMatchObject({ source: 'zkd', code: 243, error: { code: 'terminated' } });
  });

  it('wants a command after "--"', async () => {
    expect(await world.run('watch', ['/app/config', '--'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('A command is missing after "--"') as string,
    });
  });

  it('is 127 where there is no such command', async () => {
    const steps = stepByStep(() => world.znodes.put('/app/config', { data: 'green' }));
    const { stderr, exitCode } = await world.run('watch', ['/app/config', '--', 'no-such-command'], steps);
    expect(exitCode).toBe(127);
    expect(stderr).toContain('Cannot run "no-such-command"');
  });

  it('says last that the code is its own where the command did not set it', async () => {
    const { stderr, exitCode } = await world.run('watch', ['nowhere', '--', 'true']);
    expect(exitCode).toBe(2);
    expect(stderr.trimEnd().split('\n').at(-1)).toBe("zkd: exit code 2 is zkd's own, not the command's");
  });
});

describe('znode edit', () => {
  /** An editor that is a script; `$1` is the file. */
  async function editor(script: string): Promise<Readonly<Record<string, string>>> {
    const file = join(folder, 'editor.sh');
    await writeFile(file, script);
    return { VISUAL: '', EDITOR: `sh ${file}`, TMPDIR: folder };
  }
  const leftOver = async () => (await readdir(folder)).filter((name) => name.startsWith('zkd-edit-'));

  it('writes back what was saved, and leaves no file', async () => {
    const env = await editor('[ "$(stat -c %a "$1")" = 600 ] && sed -i s/blue/green/ "$1"');
    expect(await world.run('edit', ['/app/config'], { env })).toMatchObject({
      stdout: '/app/config: written, version 1, 5 bytes\n',
      exitCode: 0,
    });
    expect(world.znodes.text('/app/config')).toBe('green');
    expect(await leftOver()).toEqual([]);
    expect((await world.json('edit', ['/app/config'], { env: await editor('echo red >"$1"') })).document).toMatchObject({
      path: '/app/config',
      changed: true,
      stat: { version: 2 },
    });
    // The end of line is the editor's, not the data's.
    expect(world.znodes.text('/app/config')).toBe('red');
  });

  it('leaves Ctrl-C to the editor, which may mean something else by it', async () => {
    const signal = signalsFromNow();
    const started = join(folder, 'started');
    const env = await editor(`touch ${started}; while [ -e ${started} ]; do sleep 0.02; done; echo green >"$1"`);
    const edited = world.run('edit', ['/app/config'], { env });
    await expect.poll(() => readdir(folder), { timeout: 5000 }).toContain('started');
    signal('SIGINT');
    await rm(started);
    expect(await edited).toMatchObject({ exitCode: 0, stdout: '/app/config: written, version 1, 5 bytes\n' });
  });

  it('writes nothing where nothing changed or the editor fails', async () => {
    expect(await world.json('edit', ['/app/config'], { env: await editor('true') })).toMatchObject({
      exitCode: 0,
      document: { changed: false },
    });
    expect(await world.run('edit', ['/app/config'], { env: await editor('exit 3') })).toMatchObject({ exitCode: 1, stdout: '' });
    expect(await leftOver()).toEqual([]);
    expect(world.znodes.tree.stat('/app/config')).toMatchObject({ version: 0 });
  });

  it('keeps the text in a named file where somebody else was faster', async () => {
    const env = await editor('echo mine >"$1"');
    let reads = 0;
    world.znodes.onRequest = ({ method }) => {
      if (method === 'get' && ++reads === 1) setTimeout(() => world.znodes.put('/app/config', { data: 'theirs' }), 1);
    };
    const { exitCode, document } = await world.json('edit', ['/app/config'], { env });
    expect(exitCode).toBe(4);
    const { message, details } = document['error'] as { readonly message: string; readonly details: { readonly file: string } };
    expect(message).toContain(details.file);
    expect(await readFile(details.file, 'utf8')).toBe('mine');
    expect(world.znodes.text('/app/config')).toBe('theirs');
    await rm(join(details.file, '..'), { recursive: true });
  });

  it('says how to make a node anew that was removed meanwhile', async () => {
    const env = await editor('echo mine >"$1"');
    world.znodes.onRequest = ({ method }) => {
      if (method === 'get') setTimeout(() => world.znodes.remove('/app/config'), 1);
    };
    const { exitCode, document } = await world.json('edit', ['/app/config'], { env });
    const { suggestions, details } = document['error'] as { suggestions: string[]; details: { readonly file: string } };
    expect([exitCode, suggestions]).toEqual([4, [`zkd znode create /app/config --file ${details.file}`]]);
    await rm(join(details.file, '..'), { recursive: true });
  });

  it('keeps the text where nobody knows whether it was written, and does not claim that it was not', async () => {
    world.znodes.failNext('set', 'connection-lost', { applied: true });
    const { exitCode, document } = await world.json('edit', ['/app/config'], { env: await editor('echo mine >"$1"') });
    expect(exitCode).toBe(6);
    const { message, details } = document['error'] as { readonly message: string; readonly details: { readonly file: string } };
    expect(message).toMatch(/^It may not be written: .*not known/);
    expect(await readFile(details.file, 'utf8')).toBe('mine');
    for (const name of await leftOver()) await rm(join(folder, name), { recursive: true });
  });

  it('does not take a node that was made again for the one that was read', async () => {
    const env = await editor('echo mine >"$1"');
    world.znodes.onRequest = ({ method }) => {
      if (method !== 'get') return;
      world.znodes.onRequest = () => undefined;
      setTimeout(() => {
        world.znodes.remove('/app/config');
        world.znodes.put('/app/config', { data: 'another' });
      }, 1);
    };
    expect(await world.run('edit', ['/app/config'], { env })).toMatchObject({ exitCode: 4 });
    expect(world.znodes.text('/app/config')).toBe('another');
    for (const name of await leftOver()) await rm(join(folder, name), { recursive: true });
  });

  it('is for text only, and for nodes that are there', async () => {
    world.znodes.put('/app/logo', { data: Buffer.from([0xff, 0xfe]) });
    expect(await world.run('edit', ['/app/logo'], { env: await editor('true') })).toMatchObject({ exitCode: 2 });
    expect(await world.run('edit', ['/none'], { env: await editor('true') })).toMatchObject({ exitCode: 3 });
    expect(await leftOver()).toEqual([]);
  });
});
