/** What can stand between zkd and an engine, for tests: a tcp (or TLS) door to its socket, and things that misbehave. */
import { createServer, connect } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { TlsOptions } from 'node:tls';

const SOCKET = '/var/run/docker.sock';

/** A listening door; `sockets` are the connections that are open through it now. */
export interface Door {
  readonly port: number;
  readonly sockets: Set<Socket>;
  close(): void;
}

/** Listens on loopback, where nothing else is said, and handles each connection. */
export async function openDoor(onConnection: (socket: Socket) => void, tls?: TlsOptions, host = '127.0.0.1'): Promise<Door> {
  const sockets = new Set<Socket>();
  const accept = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    onConnection(socket);
  };
  const server: Server =
    tls === undefined ? createServer({ allowHalfOpen: true }, accept) : createTlsServer({ ...tls, allowHalfOpen: true }, accept);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Hands everything on to the engine's socket; after `cutAfter` bytes of an answer the connection is cut. */
export function toEngine(socket: Socket, { cutAfter = Infinity }: { readonly cutAfter?: number } = {}): void {
  const engine = connect({ path: SOCKET, allowHalfOpen: true });
  engine.on('error', () => socket.destroy());
  socket.on('close', () => engine.destroy());
  socket.pipe(engine);
  let passed = 0;
  engine.on('data', (chunk: Buffer) => {
    const rest = chunk.subarray(0, cutAfter - passed);
    passed += rest.length;
    socket.write(rest);
    if (passed >= cutAfter) socket.end(() => socket.destroy());
  });
  engine.on('end', () => socket.end());
}
