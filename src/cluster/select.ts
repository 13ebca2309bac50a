/** Which ensemble a command means: what was said, or the one that exists. */
import type { Engine } from '../engine/index.js';
import { ZkdError } from '../errors.js';
import { listClusters } from './list.js';
import { DEFAULT_CLUSTER, parseClusterName } from './names.js';

export interface Selection {
  /** The NAME argument. */
  readonly argument: string | undefined;
  /** `--cluster` or `ZKD_CLUSTER`. */
  readonly flag: string | undefined;
  /** Whether `--cluster` was typed; a variable gives way to an argument. */
  readonly isFlagTyped: boolean;
  /** Asks a person to choose; undefined where nobody can be asked. */
  readonly ask: ((names: readonly string[]) => Promise<string>) | undefined;
  /** For commands that take something away: off a TTY the name must be said, or be the default name. */
  readonly mustBeSaid: boolean;
}

/** The name that was said, if any. An argument and a flag that differ are a `usage` error. */
export function saidName({ argument, flag, isFlagTyped }: Pick<Selection, 'argument' | 'flag' | 'isFlagTyped'>): string | undefined {
  if (argument !== undefined && flag !== undefined && isFlagTyped && argument !== flag) {
    throw new ZkdError('usage', `Two ensembles are named: "${argument}" and --cluster "${flag}"`);
  }
  const said = argument ?? flag;
  return said === undefined ? undefined : parseClusterName(said);
}

/** The ensemble meant. None or several, and nobody to ask: a `usage` error that lists them. */
export async function selectCluster(engine: () => Promise<Engine>, selection: Selection): Promise<string> {
  const said = saidName(selection);
  if (said !== undefined) return said;
  const names = (await listClusters(await engine())).map(({ name }) => name);
  const [only] = names;
  if (selection.mustBeSaid && !selection.ask) {
    // Nothing is taken away by guessing; the default name needs no saying.
    if (names.length === 0 || names.includes(DEFAULT_CLUSTER)) return DEFAULT_CLUSTER;
    throw new ZkdError('usage', `Say which ensemble: ${names.join(', ')}`, {
      suggestions: ['--cluster NAME'],
      details: { clusters: names },
    });
  }
  if (only !== undefined && names.length === 1) return only;
  if (only === undefined)
    throw new ZkdError('usage', 'There is no ensemble on this engine', { suggestions: ['zkd cluster up'], details: { clusters: [] } });
  if (selection.ask) return selection.ask(names);
  throw new ZkdError('usage', `There are several ensembles; say which: ${names.join(', ')}`, {
    suggestions: ['--cluster NAME'],
    details: { clusters: names },
  });
}
