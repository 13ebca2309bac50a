/** An engine with somebody between it and zkd, who counts the calls and may hold one up, or let it fail. */
import type { Engine } from '../../src/engine/index.js';

/** Called before every call that answers a promise; `index` counts from 1. What it rejects with, the call rejects with. */
export type Interceptor = (call: { readonly index: number; readonly method: string }) => void | Promise<void>;

export function interceptEngine(engine: Engine, interceptor: Interceptor): Engine {
  let index = 0;
  return new Proxy(engine, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function' || typeof property !== 'string') return value;
      const method = value.bind(target) as (...args: unknown[]) => unknown;
      if (property === 'logs' || property === 'events' || property === 'close') return method;
      return async (...args: unknown[]): Promise<unknown> => {
        index += 1;
        await interceptor({ index, method: property });
        return method(...args);
      };
    },
  });
}
