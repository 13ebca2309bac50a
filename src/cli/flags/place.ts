/** How a tree is written over what may be there. */
import { boolean, option } from '@oclif/core/flags';
import { ZkdError } from '../../errors.js';
import type { PlaceMode } from '../../znodes/index.js';
import { ephemeralsFlag } from './znode.js';

const MODES = ['create', 'overwrite', 'mirror'] as const satisfies readonly PlaceMode[];

export const placeFlags = {
  mode: option({
    options: MODES,
    env: 'ZKD_MODE',
    default: 'create',
    summary: 'Leave what is there, overwrite it, or also remove what is extra (with --prune).',
  })(),
  prune: boolean({ summary: 'Agree to the removals of --mode mirror.' }),
  'dry-run': boolean({ env: 'ZKD_DRY_RUN', default: false, summary: 'Print what would be done, and do nothing.' }),
  ...ephemeralsFlag('Ephemeral nodes too, as persistent ones.'),
};

interface PlaceFlagValues {
  readonly mode: PlaceMode;
  readonly prune: boolean;
  readonly 'dry-run': boolean;
  readonly ephemerals: boolean;
}

/** What the flags ask for; `usage` where nodes would be removed and nobody agreed. */
export function placeOptions({ mode, prune, 'dry-run': dryRun, ephemerals }: PlaceFlagValues): {
  readonly mode: PlaceMode;
  readonly dryRun: boolean;
  readonly ephemerals: boolean;
} {
  if (mode === 'mirror' && !prune && !dryRun) {
    throw new ZkdError('usage', 'A mirror removes what is extra: agree with --prune, or look first with --dry-run', {
      suggestions: ['--prune', '--dry-run'],
    });
  }
  if (prune && mode !== 'mirror') throw new ZkdError('usage', '--prune agrees to what only --mode mirror does');
  return { mode, dryRun, ephemerals };
}
