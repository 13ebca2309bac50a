import { describe, expect, it } from 'vitest';
import { dockerConnection } from '../../../src/engine/docker-connection.js';

describe('a connection to an engine', () => {
  it.each([
    { kind: 'unix', socketPath: '/run/nothing.sock' },
    { kind: 'tcp', host: 'engine.invalid', port: 2375 },
    { kind: 'ssh', host: 'engine.invalid' },
  ] as const)('over $kind waits a minute at most for the first answer', (transport) => {
    const { agent, greetingTimeoutMs } = dockerConnection(transport);
    agent.destroy();
    expect(greetingTimeoutMs).toBeGreaterThanOrEqual(15_000);
    expect(greetingTimeoutMs).toBeLessThanOrEqual(60_000);
  });
});
