/**
 * What stories on a real engine share: ensembles that are dumped when a test fails and always taken away, the docker CLI as the hand that
 * breaks things behind zkd's back, and the promises every failure keeps.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { readStatus } from '../../src/cluster/index.js';
import { openEngine, type Engine } from '../../src/engine/index.js';
import { askFourLetterWord } from '../../src/zookeeper/index.js';
import { removeTestEnsemble, testEnsembleName } from './ensembles.js';
import { isZkdElsewhere, zkd, type ZkdOptions, type ZkdResult } from './zkd.js';

export const IMAGE = 'zkd/zookeeper:3.9';

/** Runs the docker CLI; rejects where it fails. */
export async function docker(...args: string[]): Promise<string> {
  return (await execa('docker', args)).stdout;
}

export interface Member {
  readonly id: number;
  readonly container: string;
  readonly containerId: string | null;
  readonly role: string;
  readonly state: string;
  readonly restarts: number;
  readonly mode: string | null;
  readonly version: string | null;
  readonly zxid: string | null;
  readonly epoch: number | null;
  readonly lag: number | null;
  readonly address: string;
  readonly internalAddress: string;
  readonly connections: number | null;
  readonly latencyMs: { readonly min: number; readonly avg: number; readonly max: number } | null;
  readonly outstanding: number | null;
  readonly error: string | null;
}

export interface Cluster {
  readonly name: string;
  readonly size: number;
  readonly image: string;
  readonly network: string;
  readonly connect: string;
  readonly internalConnect: string;
  readonly leader: number | null;
  readonly epoch: number | null;
  readonly members: readonly Member[];
}

export interface UpDocument {
  readonly cluster: Cluster | null;
  readonly changed: boolean;
  readonly plan: readonly string[];
  readonly tookMs: number;
}

export interface StatusDocument {
  readonly cluster: Cluster;
  readonly healthy: boolean;
  readonly causes: readonly { readonly member: number; readonly cause: string }[];
}

export interface RemovalDocument {
  readonly cluster: string;
  readonly changed: boolean;
  readonly members: readonly { readonly id: number; readonly container: string; readonly action: string; readonly error: string | null }[];
  readonly volumes: readonly string[];
}

export interface FailureDocument {
  readonly code: string;
  readonly message: string;
  readonly exitCode: number;
  readonly suggestions: readonly string[];
  readonly details: Readonly<Record<string, unknown>>;
}

/** What exists of an ensemble, by label. */
export interface Belongings {
  readonly containers: readonly string[];
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
}

const NOTHING: Belongings = { containers: [], networks: [], volumes: [] };

const words = (text: string): string[] => text.split('\n').filter(Boolean).sort();

/** Lists what carries the ensemble's label, and what merely has one of its names. */
export async function belongingsOf(name: string): Promise<Belongings> {
  const label = `label=zkd.cluster=${name}`;
  const [containers, networks, volumes] = await Promise.all([
    docker('ps', '--all', '--filter', label, '--format', '{{.Names}}'),
    docker('network', 'ls', '--filter', label, '--format', '{{.Name}}'),
    docker('volume', 'ls', '--filter', label, '--format', '{{.Name}}'),
  ]);
  return { containers: words(containers), networks: words(networks), volumes: words(volumes) };
}

/** Nothing of the ensemble is left, by label. */
export async function expectNothingLeft(name: string): Promise<void> {
  expect(await belongingsOf(name)).toEqual(NOTHING);
}

/** Everything an ensemble of so many members has, and nothing else. */
export function wholeEnsemble(name: string, size: number): Belongings {
  const ids = Array.from({ length: size }, (_, index) => index + 1);
  return {
    containers: ids.map((id) => `zkd-${name}-${id}`).sort(),
    networks: [`zkd-${name}`],
    volumes: ids.flatMap((id) => ['conf', 'data', 'datalog'].map((kind) => `zkd-${name}-${id}-${kind}`)).sort(),
  };
}

/** Runs with `--json`; stdout must be exactly one document. */
export async function run(args: readonly string[], options: ZkdOptions = {}): Promise<ZkdResult & { readonly document: unknown }> {
  const result = await zkd([...args, '--json'], options);
  return { ...result, document: parseOnly(result) };
}

function parseOnly({ stdout, stderr, exitCode }: ZkdResult): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    throw new Error(`stdout is not one JSON document (exit ${exitCode}):\n${stdout}\n--- stderr\n${stderr}`);
  }
}

/** Runs with `--json` and wants success. */
export async function succeed<T>(args: readonly string[], options: ZkdOptions = {}): Promise<T> {
  const { exitCode, document, stderr } = await run(args, options);
  expect(exitCode, `${JSON.stringify(document)}\n${stderr}`).toBe(0);
  return document as T;
}

/** `cluster up`, which must succeed. */
export async function up(name: string, ...args: string[]): Promise<UpDocument & { readonly cluster: Cluster }> {
  const document = await succeed<UpDocument>([
    'cluster',
    'up',
    name,
    ...(args.includes('--timeout') ? [] : ['--timeout', '120s']),
    ...args,
  ]);
  if (!document.cluster) throw new Error('up answered no cluster');
  return { ...document, cluster: document.cluster };
}

/** Writes a znode, to be found again by `readFrom` whatever befalls the ensemble meanwhile. */
export async function keep({ connect }: Cluster, path: string, data: string): Promise<void> {
  expect(await zkd(['znode', 'create', path, data, '--connect', connect])).toMatchObject({ exitCode: 0, stdout: path });
}

/** The data that this very member has of a znode. */
export async function readFrom({ address }: Member, path: string): Promise<string> {
  const { exitCode, stdout, stderr } = await zkd(['znode', 'get', path, '--connect', address]);
  expect(exitCode, stderr).toBe(0);
  return stdout;
}

/** `cluster status`, whatever it says; the exit code must agree with it, and the human form with both. */
export async function status(name: string): Promise<StatusDocument> {
  const { exitCode, ...result } = await run(['cluster', 'status', name]);
  const document = result.document as StatusDocument;
  expect(exitCode).toBe(document.healthy ? 0 : 10);
  return document;
}

/**
 * What `cluster status` says, from this process where that reaches the members: a story that is not about the command looks often, and a
 * process each time would be most of its work.
 */
export async function look(name: string): Promise<StatusDocument> {
  if (isZkdElsewhere()) return status(name);
  const engine = await openEngine();
  try {
    return await readStatus(engine, name, askFourLetterWord);
  } finally {
    await engine.close();
  }
}

/** The failure document of a run that fails. */
export function failureOf(result: ZkdResult): FailureDocument {
  const document = parseOnly(result) as { error: FailureDocument };
  expect(Object.keys(document)).toEqual(['error']);
  expect(Object.keys(document.error).sort()).toEqual(['code', 'details', 'exitCode', 'message', 'suggestions']);
  expect(result.exitCode).toBe(document.error.exitCode);
  return document.error;
}

export interface WantedFailure {
  readonly exitCode: number;
  readonly code: string;
  /** In the message, of both forms. */
  readonly says: readonly (string | RegExp)[];
}

/** Checks a run without `--json` that must have failed: the error on stderr, nothing on stdout. */
export function expectHumanFailure(result: ZkdResult, { exitCode, says }: Pick<WantedFailure, 'exitCode' | 'says'>): void {
  expect(result.exitCode, result.stderr).toBe(exitCode);
  expect(result.stdout).toBe('');
  expect(result.stderr).toMatch(/^Error: /m);
  for (const part of says) expect(result.stderr).toMatch(asPattern(part));
}

/** Checks a run with `--json` that must have failed: one document on stdout, the same code. */
export function expectJsonFailure(result: ZkdResult, { exitCode, code, says }: WantedFailure): FailureDocument {
  const failure = failureOf(result);
  expect(failure, result.stderr).toMatchObject({ exitCode, code });
  for (const part of says) expect(failure.message).toMatch(asPattern(part));
  expect(result.stderr).not.toMatch(/^Error: /m);
  return failure;
}

const asPattern = (part: string | RegExp): RegExp =>
  typeof part === 'string' ? new RegExp(part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : part;

/** Runs in both output forms and checks both; answers the failure document. */
export async function expectFailure(args: readonly string[], wanted: WantedFailure, options: ZkdOptions = {}): Promise<FailureDocument> {
  expectHumanFailure(await zkd(args, options), wanted);
  return expectJsonFailure(await zkd([...args, '--json'], options), wanted);
}

/** Ensembles of a test file: dumped to `test-results/` when a test fails, removed at its end. */
export interface Ensembles {
  /** A new name, cleaned up after the file. */
  name(): string;
  /** Takes away what there is by now, for a file whose tests each have ensembles of their own; not after a failure. */
  removeAll(): Promise<void>;
  /** Something else to undo after the file, last one first; failures are ignored. */
  later(undo: () => Promise<unknown>): void;
  readonly engine: Engine;
}

export function useEnsembles(): Ensembles {
  const names: string[] = [];
  const undos: (() => Promise<unknown>)[] = [];
  let engine: Engine | undefined;
  let failed = false;
  beforeAll(async () => {
    engine = await openEngine();
  });
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    failed = true;
    await dump(task.name, names);
  });
  afterAll(async () => {
    const isKept = failed && process.env['ZKD_KEEP_FAILED'] !== undefined;
    for (const undo of undos.reverse()) if (!isKept) await undo().catch(() => undefined);
    if (!isKept) await removeAll();
    await engine?.close();
  });
  const removeAll = async (): Promise<void> => {
    if (engine) for (const name of names.splice(0)) await removeTestEnsemble(engine, name);
  };
  return {
    removeAll: async () => {
      if (!failed) await removeAll();
    },
    name() {
      const name = testEnsembleName();
      names.push(name);
      return name;
    },
    later: (undo) => void undos.push(undo),
    get engine() {
      if (!engine) throw new Error('the engine is open in tests and hooks only');
      return engine;
    },
  };
}

/** `ps`, networks, volumes and every member's log, into a folder of the failed test. */
async function dump(test: string, names: readonly string[]): Promise<void> {
  const folder = new URL(`../../test-results/${test.replace(/[^\w.-]+/g, '-').slice(0, 100)}/`, import.meta.url);
  await mkdir(folder, { recursive: true });
  const tell = async (...args: string[]): Promise<string> => (await execa('docker', args, { reject: false, all: true })).all;
  for (const name of names) {
    const label = `label=zkd.cluster=${name}`;
    const ps = await tell('ps', '--all', '--no-trunc', '--filter', label);
    const containers = (await belongingsOf(name)).containers;
    const rest = await Promise.all([tell('network', 'ls', '--filter', label), tell('volume', 'ls', '--filter', label)]);
    await writeFile(new URL(`${name}.txt`, folder), [ps, ...rest].join('\n\n'));
    for (const container of containers) {
      const log = await tell('logs', '--timestamps', '--tail', '2000', container);
      await writeFile(new URL(`${container}.log`, folder), log);
      await writeFile(new URL(`${container}.json`, folder), await tell('inspect', container));
    }
  }
}
