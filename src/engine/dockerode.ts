/**
 * Loads dockerode without what zkd never uses of it. Its BuildKit sessions (gRPC, protobuf) and its own ssh client are loaded at the top of
 * its files and cost more than half of its start-up time; a stand-in is put in their place in Node's module cache, which loads the real
 * one should it ever be called.
 */
import { createRequire, Module } from 'node:module';
import type Dockerode from 'dockerode';

type Call = (this: unknown, ...args: unknown[]) => unknown;

/** Puts a function in place of a module that exports one, until it is called. */
function defer(require: NodeJS.Require, id: string): void {
  const path = require.resolve(id);
  if (require.cache[path]) return;
  const standIn = new Module(path);
  const call: Call = function (...args) {
    Reflect.deleteProperty(require.cache, path);
    return (require(path) as Call).apply(this, args);
  };
  standIn.exports = call;
  standIn.loaded = true;
  require.cache[path] = standIn;
}

/** The constructor of dockerode's client. */
export async function loadDockerode(): Promise<typeof Dockerode> {
  const require = createRequire(import.meta.url);
  defer(require, 'dockerode/lib/session');
  defer(createRequire(require.resolve('dockerode')), 'docker-modem/lib/ssh');
  return (await import('dockerode')).default;
}
