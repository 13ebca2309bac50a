import { defineConfig } from 'vitest/config';

const root = new URL('..', import.meta.url).pathname;
const shared = { root, pool: 'forks' as const, disableConsoleIntercept: true, env: { TZ: 'UTC', COLUMNS: '120', NO_COLOR: '1' } };

/** More than processors, of which there may be two: much of the time of these tests is waiting. */
const inMemory = { sequence: { groupOrder: 0 }, maxWorkers: 3, testTimeout: 30_000 };
/** At most two ensembles at once: most of a story is waiting for servers. */
const onEngine = { sequence: { groupOrder: 1 }, maxWorkers: 2 };

/** The kinds of test; what each may talk to is in docs/testing.md. Those on a real engine run two files at once, after the others. */
export default defineConfig({
  root,
  test: {
    projects: [
      {
        test: {
          ...shared,
          ...inMemory,
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          setupFiles: ['test/support/no-sockets.ts', 'test/support/fixed-seed.ts'],
        },
      },
      {
        test: {
          ...shared,
          ...inMemory,
          name: 'commands',
          include: ['test/commands/**/*.test.ts'],
          setupFiles: ['test/support/no-sockets.ts', 'test/support/fixed-seed.ts'],
        },
      },
      {
        test: {
          ...shared,
          ...onEngine,
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/support/engine-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          ...shared,
          ...onEngine,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/engine-setup.ts'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
      // Long rounds of what the stories in e2e sample; run by `npm run test:soak` only.
      ...(process.env['ZKD_SOAK']
        ? [
            {
              test: {
                ...shared,
                name: 'soak',
                sequence: { groupOrder: 2 },
                include: ['test/soak/**/*.test.ts'],
                globalSetup: ['test/support/engine-setup.ts'],
                testTimeout: 3_600_000,
                hookTimeout: 120_000,
                fileParallelism: false,
              },
            },
          ]
        : []),
    ],
  },
});
