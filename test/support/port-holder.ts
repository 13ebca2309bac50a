/** A process of the test's own that listens on ports. */
import { execa } from 'execa';

export interface PortHolder {
  readonly pid: number;
  readonly command: string;
  end(): Promise<void>;
}

/** Listens on 127.0.0.1 on a port, in a child process, so that it is somebody else's. */
export async function holdPort(port: number): Promise<PortHolder> {
  const child = execa(process.execPath, ['-e', `require('net').createServer().listen(${port}, '127.0.0.1', () => console.log('ready'))`], {
    reject: false,
  });
  for await (const line of child) if (line === 'ready') break;
  return {
    pid: child.pid ?? 0,
    command: 'node',
    async end() {
      child.kill();
      await child;
    },
  };
}
