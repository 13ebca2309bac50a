/** The form of a list. */
import { option } from '@oclif/core/flags';

export const OUTPUT_FORMATS = ['table', 'wide', 'name', 'json', 'yaml'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export const outputFlag = {
  output: option({
    options: OUTPUT_FORMATS,
    char: 'o',
    env: 'ZKD_OUTPUT',
    default: 'table',
    summary: 'Form of the list; name prints one bare name a line.',
  })(),
};
