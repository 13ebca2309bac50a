/** HTTP clients that keep their connections, as services do: whatever fails on one of them is a failed request. */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface LoadResult {
  readonly answered: number;
  /** `GET ECONNRESET`, `POST 503`, ... */
  readonly failures: readonly string[];
  /** How often which answer came. */
  readonly answers: ReadonlyMap<string, number>;
}

const CLIENTS = 32;
/** Every so many requests are a POST, which nobody may repeat. */
const POST_EVERY = 5;
const TIMEOUT_MS = 10_000;

/** 32 clients ask until `stop` is called, one request after the other, each on one connection of its own. */
export function startLoad(port: number): { readonly stop: () => Promise<LoadResult> } {
  const failures: string[] = [];
  const answers = new Map<string, number>();
  let isOver = false;
  const ask = (agent: Agent, method: 'GET' | 'POST'): Promise<void> =>
    new Promise((resolve) => {
      const failed = (why: string): void => {
        failures.push(`${method} ${why}`);
        resolve();
      };
      const asked = request({ host: '127.0.0.1', port, path: '/', method, agent, timeout: TIMEOUT_MS }, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.on('error', (error) => failed(error.message));
        response.on('end', () => {
          if (response.statusCode !== 200) return failed(String(response.statusCode));
          const answer = method === 'GET' ? body.trim() : 'posted';
          answers.set(answer, (answers.get(answer) ?? 0) + 1);
          resolve();
        });
      });
      asked.on('timeout', () => asked.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`)));
      asked.on('error', (error: NodeJS.ErrnoException) => failed(error.code ?? error.message));
      asked.end(method === 'POST' ? 'something' : undefined);
    });
  const client = async (number: number): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let count = number; !isOver; count += 1) {
      await ask(agent, count % POST_EVERY === 0 ? 'POST' : 'GET');
      // Connections are idle for a moment most of the time, which is when a server that goes may close them.
      await sleep(Math.random() * 20);
    }
    agent.destroy();
  };
  const clients = Array.from({ length: CLIENTS }, (_, number) => client(number));
  return {
    async stop() {
      isOver = true;
      await Promise.all(clients);
      return { answered: [...answers.values()].reduce((sum, count) => sum + count, 0), failures, answers };
    },
  };
}
