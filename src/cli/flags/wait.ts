/** Durations and waiting. */
import { boolean, custom } from '@oclif/core/flags';
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
