/** An sshd of a test's own, with keys of its own, and the real `ssh` with a configuration of its own in front of the search path. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { retryUntil } from '../../src/runtime/retry-until.js';

const SSHD = '/usr/sbin/sshd';

export interface Sshd {
  readonly address: string;
  readonly port: number;
  /** A search path whose `ssh` uses only what this folder holds. `known` and `key` false: without the host's key, with a key it does not know. */
  path(client?: { readonly known?: boolean; readonly key?: boolean; readonly config?: string }): string;
  close(): Promise<void>;
}

/** Starts it in a folder that exists; logs in whoever runs the test. */
export async function startSshd(folder: string, address = '127.0.0.1'): Promise<Sshd> {
  const file = (name: string): string => join(folder, name);
  for (const key of ['host_key', 'user_key', 'stranger_key']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', key, '-f', file(key)]);
  }
  const publicKey = (name: string): string => execFileSync('ssh-keygen', ['-y', '-f', file(name)], { encoding: 'utf8' }).trim();
  writeFileSync(file('authorized_keys'), `${publicKey('user_key')}\n`, { mode: 0o600 });
  const port = await freePort(address);
  const lines = [
    `ListenAddress ${address}`,
    `Port ${port}`,
    `HostKey ${file('host_key')}`,
    `AuthorizedKeysFile ${file('authorized_keys')}`,
    'PidFile none',
    // The default refuses some of ten and more logins at once; this refuses all of them, so that one too many is seen.
    'MaxStartups 10',
    'UsePAM no',
    'StrictModes no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
  ];
  writeFileSync(file('sshd_config'), `${lines.join('\n')}\n`);
  writeFileSync(file('known_hosts'), `[${address}]:${port} ${publicKey('host_key')}\n`);
  writeFileSync(file('nobody_known'), '');
  // Its package makes the folder only when the service starts, which it never does.
  if (process.getuid?.() === 0 && !existsSync('/run/sshd')) mkdirSync('/run/sshd', { mode: 0o755 });
  const child = spawn(SSHD, ['-D', '-e', '-f', file('sshd_config')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words += text));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const listens = await retryUntil(async () => ((await isOpen(address, port)) ? true : undefined), { timeoutMs: 10_000, intervalMs: 50 });
  if (!listens) throw new Error(`sshd does not listen: ${words}`);
  let clients = 0;
  return {
    address,
    port,
    path({ known = true, key = true, config = '' } = {}) {
      clients += 1;
      const bin = file(`client-${clients}`);
      mkdirSync(bin);
      const settings = [
        `IdentityFile ${file(key ? 'user_key' : 'stranger_key')}`,
        'IdentitiesOnly yes',
        'IdentityAgent none',
        `UserKnownHostsFile ${file(known ? 'known_hosts' : 'nobody_known')}`,
        'GlobalKnownHostsFile none',
        `User ${userInfo().username}`,
      ];
      writeFileSync(join(bin, 'config'), `${config}\nHost *\n${settings.map((line) => `  ${line}\n`).join('')}`, { mode: 0o600 });
      writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nexec /usr/bin/ssh -F ${join(bin, 'config')} "$@"\n`);
      chmodSync(join(bin, 'ssh'), 0o755);
      return `${bin}${delimiter}${process.env['PATH'] ?? ''}`;
    },
    close: async () => {
      child.kill();
      await ended;
    },
  };
}

function freePort(address: string): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, address, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function isOpen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
