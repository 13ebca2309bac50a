/** Of commands that run a child, whose exit code is the child's: telling zkd's own codes apart, and a result beside the child's output. */
import { custom, string } from '@oclif/core/flags';
import { parseWholeNumber } from '../../runtime/quantities.js';

/** The highest code of zkd's own is 143, and a process ends with 255 at most. */
const MAX_BASE = 112;

export const childFlags = {
  'own-exit-base': custom<number>({
    env: 'ZKD_OWN_EXIT_BASE',
    helpValue: 'N',
    parse: async (input) => parseWholeNumber(input, 'Base of exit codes', 0, MAX_BASE),
    summary: "Add N (0-112) to zkd's own exit codes, so that none is taken for the command's.",
    helpGroup: 'CHILD',
  })(),
  result: string({
    env: 'ZKD_RESULT',
    helpValue: 'FILE',
    summary: 'Write how it ended into a file, as a JSON document.',
    helpGroup: 'CHILD',
  }),
};

/** What `--own-exit-base` or its variable says, before anything is parsed; 0 where it says nothing that is valid. */
export function ownExitBase(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): number {
  const at = argv.findLastIndex((arg) => /^--own-exit-base(=|$)/.test(arg));
  const typed = at === -1 ? undefined : (argv[at]?.split('=')[1] ?? argv[at + 1]);
  const base = Number(typed ?? env['ZKD_OWN_EXIT_BASE'] ?? 0);
  return Number.isInteger(base) && base >= 0 && base <= MAX_BASE ? base : 0;
}
