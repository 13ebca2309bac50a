/**
 * What is done inside HAProxy's container: one command each, so that nothing is torn apart when zkd dies in the middle, or when two zkd are at work.
 * Its shell is perl, which every Debian-based image has: it talks to the master's socket, which nobody outside reaches, and through the engine
 * that works on a remote one too.
 */
import type { Engine, ExecResult } from '../engine/index.js';
import { ZkdError } from '../errors.js';
import { SCRIPT } from './inside-script.js';
import { parseMaster, parseSlots, type Master, type RunningSlot } from './running.js';

export interface Sight {
  readonly configuration: string;
  readonly memory: string;
  /** Undefined while HAProxy does not answer. */
  readonly running: { readonly master: Master; readonly slots: readonly RunningSlot[] } | undefined;
}

export interface Change {
  readonly kind: 'runtime' | 'reload';
  readonly commands: readonly string[];
  readonly configuration: string;
  readonly memory: string;
}

/**
 * `stale`: another one has changed it since it was seen; nothing was done. `refused`: HAProxy does not take the configuration; nothing was
 * changed. `failed`: HAProxy did not start with it, and runs with the one from before. `unproven`: not even that could be seen.
 */
export type Outcome =
  | { readonly kind: 'done'; readonly sight: Sight }
  | { readonly kind: 'stale' }
  | { readonly kind: 'refused' | 'failed' | 'unproven'; readonly words: string };

/** Looks, changes nothing. */
export async function look(engine: Engine, container: string): Promise<Sight> {
  return sightIn(sectionsOf(await run(engine, container, 'look', {})));
}

/** Changes it where it still is as it was seen. */
export async function change(engine: Engine, container: string, seen: Sight, { kind, ...wanted }: Change): Promise<Outcome> {
  const said = sectionsOf(
    await run(engine, container, kind, {
      'seen-configuration': seen.configuration,
      'seen-memory': seen.memory,
      configuration: wanted.configuration,
      memory: wanted.memory,
      commands: wanted.commands.map((command) => `${command}\n`).join(''),
    }),
  );
  if (said.has('stale')) return { kind: 'stale' };
  for (const outcome of ['refused', 'failed', 'unproven'] as const) {
    const words = said.get(outcome);
    if (words !== undefined) return { kind: outcome, words: words.trim() };
  }
  return { kind: 'done', sight: sightIn(said) };
}

/** The IPv4 addresses of hosts as the container knows them; those that are not known are left out. */
export async function lookUpHosts(engine: Engine, container: string, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (names.length === 0) return new Map();
  const said = sectionsOf(await run(engine, container, 'hosts', { names: names.map((name) => `${name}\n`).join('') })).get('hosts') ?? '';
  const pairs = said.split('\n').map((line) => line.split('\t'));
  return new Map(pairs.flatMap(([name, address]) => (name !== undefined && address !== undefined ? [[name, address] as const] : [])));
}

function sightIn(said: ReadonlyMap<string, string>): Sight {
  const master = parseMaster(said.get('proc') ?? '');
  const slots = parseSlots(said.get('state') ?? '');
  return {
    configuration: said.get('configuration') ?? '',
    memory: said.get('memory') ?? '',
    running: master?.worker != null && slots ? { master, slots } : undefined,
  };
}

async function run(engine: Engine, container: string, mode: string, input: Readonly<Record<string, string>>): Promise<string> {
  const stdin = Object.entries(input)
    .map(([name, text]) => `== ${name}\n${text}`)
    .join('');
  const result = await engine.exec(container, { command: ['perl', '-e', SCRIPT, mode], ...(stdin !== '' && { stdin }) });
  if (result.exitCode !== 0) throw notDone(container, result);
  return result.stdout.toString();
}

function notDone(container: string, { exitCode, stdout, stderr }: ExecResult): ZkdError {
  const text = `${stderr.toString()}${stdout.toString()}`.trim();
  const details = { container, exitCode, words: text };
  if (/perl.*(not found|no such file)/i.test(text)) {
    return new ZkdError('failure', `The image of container "${container}" has no perl, which zkd talks to HAProxy by`, {
      suggestions: ['Take a Debian-based image with --image, such as haproxy:2.6 or zkd/haproxy:2.6 (not an alpine one)'],
      details,
    });
  }
  // Its container may be ending at this very moment.
  const words = text.split('\n').at(-1) ?? '';
  return new ZkdError('failure', `HAProxy in container "${container}" cannot be talked to: ${words === '' ? `exit ${exitCode}` : words}`, {
    details: { ...details, reason: 'no-answer' },
  });
}

/** Each begins with a line that names it; no line of ours begins so. */
function sectionsOf(text: string): ReadonlyMap<string, string> {
  const sections = new Map<string, string>();
  for (const part of `\n${text}`.split('\n== ').slice(1)) {
    const cut = part.indexOf('\n');
    const [name, content] = cut === -1 ? [part, ''] : [part.slice(0, cut), part.slice(cut + 1)];
    // What a section ends with before the next one begins.
    sections.set(name, content === '' || content.endsWith('\n') ? content : `${content}\n`);
  }
  return sections;
}
