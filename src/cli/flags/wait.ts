/** Durations and waiting. */
import { boolean, custom } from '@oclif/core/flags';
import { ZkdError } from '../../errors.js';
import { parseDurationMs } from '../../runtime/quantities.js';

/** A `--timeout` in milliseconds; the default differs by command. */
export const timeoutFlag = (options: { readonly default: string }) => ({
  timeout: custom<number>({
    env: 'ZKD_TIMEOUT',
    helpValue: 'DURATION',
    summary: `How long to wait at most, e.g. 500ms, 30s, 2m. [default: ${options.default}]`,
    default: async () => parseDurationMs(options.default),
    defaultHelp: async () => undefined,
    parse: async (input) => parseDurationMs(input, 'Timeout'),
  })(),
});

export const waitFlag = {
  wait: boolean({ env: 'ZKD_WAIT', allowNo: true, default: true, summary: 'Wait until the ensemble is ready.' }),
};

const SHORTEST_INTERVAL_MS = 100;

/** An `--interval` in milliseconds, for commands that look again and again. */
export const intervalFlag = (options: { readonly default: string }) => ({
  interval: custom<number>({
    env: 'ZKD_INTERVAL',
    helpValue: 'DURATION',
    summary: `With --watch: how long to pause between two looks, at least 100ms. [default: ${options.default}]`,
    default: async () => parseDurationMs(options.default),
    defaultHelp: async () => undefined,
    parse: async (input) => {
      const intervalMs = parseDurationMs(input, 'Interval');
      if (intervalMs < SHORTEST_INTERVAL_MS) throw new ZkdError('usage', `Interval "${input}" is not valid: give 100ms or more`);
      return intervalMs;
    },
  })(),
});
