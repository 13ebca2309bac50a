/** A process of the test's own that listens on a port or a socket. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Listener {
  readonly pid: number;
  /** As `ps -o comm` shows it. */
  readonly command: string;
  end(signal?: NodeJS.Signals): Promise<void>;
}

/** Listens in a child process, so that it is somebody else: on a port of 127.0.0.1, or on a unix socket's path. */
export async function listenElsewhere(where: number | string): Promise<Listener> {
  const options = typeof where === 'number' ? { port: where, host: '127.0.0.1' } : { path: where };
  const child = spawn(
    process.execPath,
    ['-e', `require('net').createServer().listen(${JSON.stringify(options)}, () => console.log('listening'))`],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(child, 'close');
  await Promise.race([
    once(child.stdout, 'data'),
    ended.then(() => {
      throw new Error(`nobody can listen on ${where}`);
    }),
  ]);
  return {
    pid: child.pid ?? 0,
    command: 'node',
    async end(signal = 'SIGTERM') {
      child.kill(signal);
      await ended;
    },
  };
}
