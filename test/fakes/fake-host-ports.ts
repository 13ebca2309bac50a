/** The host's listening ports in a test that must not open sockets: all are free but those a test takes. */
import net from 'node:net';
import { afterEach, beforeEach } from 'vitest';

/** Replaces listening for every test of a file; answers the set of taken ports, emptied before each test. */
export function useFakeHostPorts(): Set<number> {
  const taken = new Set<number>();
  // eslint-disable-next-line @typescript-eslint/unbound-method -- put back as it was
  const listen = net.Server.prototype.listen;
  beforeEach(() => {
    taken.clear();
    net.Server.prototype.listen = function (this: net.Server, ...args: unknown[]) {
      const { port } = args[0] as { port: number };
      const done = args.at(-1) as () => void;
      queueMicrotask(() => {
        if (taken.has(port)) this.emit('error', Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' }));
        else done();
      });
      return this;
    } as typeof listen;
  });
  afterEach(() => {
    net.Server.prototype.listen = listen;
  });
  return taken;
}
