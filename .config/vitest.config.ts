import { defineConfig } from 'vitest/config';

const root = new URL('..', import.meta.url).pathname;
const shared = { root, pool: 'forks' as const, disableConsoleIntercept: true, env: { TZ: 'UTC', COLUMNS: '120', NO_COLOR: '1' } };

/** The kinds of test; what each may talk to is in docs/testing.md. Those on a real engine run one after the other. */
export default defineConfig({
  root,
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          sequence: { groupOrder: 0 },
          include: ['test/unit/**/*.test.ts'],
          setupFiles: ['test/support/no-sockets.ts', 'test/support/fixed-seed.ts'],
        },
      },
      {
        test: {
          ...shared,
          name: 'commands',
          sequence: { groupOrder: 0 },
          include: ['test/commands/**/*.test.ts'],
          setupFiles: ['test/support/no-sockets.ts', 'test/support/fixed-seed.ts'],
        },
      },
      {
        test: {
          ...shared,
          name: 'integration',
          sequence: { groupOrder: 1 },
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/support/engine-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          ...shared,
          name: 'e2e',
          sequence: { groupOrder: 2 },
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/engine-setup.ts'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
          // At most two ensembles at once: most of a story is waiting for servers.
          fileParallelism: true,
          maxWorkers: 2,
        },
      },
      // Long rounds of what the stories in e2e sample; run by `npm run test:soak` only.
      ...(process.env['ZKD_SOAK']
        ? [
            {
              test: {
                ...shared,
                name: 'soak',
                sequence: { groupOrder: 3 },
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
