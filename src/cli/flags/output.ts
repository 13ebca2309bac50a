/** The form of the result: a list's, and JSON. */
import { option } from '@oclif/core/flags';

export const OUTPUT_FORMATS = ['table', 'wide', 'name', 'json', 'yaml'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** Whether `--json` was typed; it counts before `--` only, and has no variable. */
export function asksForJson(argv: readonly string[]): boolean {
  const cut = argv.indexOf('--');
  return (cut === -1 ? argv : argv.slice(0, cut)).includes('--json');
}

export const outputFlag = {
  output: option({
    options: OUTPUT_FORMATS,
    char: 'o',
    env: 'ZKD_OUTPUT',
    default: 'table',
    summary: 'Form of the list; name prints one bare name a line.',
  })(),
};
