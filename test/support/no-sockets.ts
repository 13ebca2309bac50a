/** Unit and command tests talk to nothing: a socket opened in one is a mistake, found here. */
import net from 'node:net';
import { afterAll, beforeAll } from 'vitest';

// eslint-disable-next-line @typescript-eslint/unbound-method -- put back as it was
const connect = net.Socket.prototype.connect;
beforeAll(() => {
  net.Socket.prototype.connect = () => {
    throw new Error('A unit test opened a socket');
  };
});
afterAll(() => {
  net.Socket.prototype.connect = connect;
});
