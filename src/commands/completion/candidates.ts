import { ZkdCommand } from '../../cli/base-command.js';
import { expectedAt, type Candidate, type Expected } from '../../cli/completion/expected.js';
import { engineFlags, type EngineFlagValues } from '../../cli/flags/engine.js';
import { clusterFlag } from '../../cli/flags/cluster.js';
import { within } from '../../runtime/within.js';

/** Nobody waits longer for a key. */
const PATIENCE_MS = 1000;

interface CandidatesResult {
  readonly complete: 'words' | 'files' | 'folders';
  readonly candidates: readonly Candidate[];
}

interface Asked extends EngineFlagValues {
  readonly cluster?: string | undefined;
}

/** What another program put into a label may be anything; what is no plain word is not offered to a shell. */
const isPlain = ({ value }: Candidate): boolean => /^[\w@%+=:,./-]+$/.test(value);

export default class CompletionCandidates extends ZkdCommand<CandidatesResult> {
  static override hidden = true;
  static override takesChild = true;
  static override summary = 'Tell the completion of a shell what may stand at the cursor.';
  static override description = `Behind "--" stand the words typed after zkd; the last one is what was typed of the word at the cursor, and may be empty.
Prints words, files or folders, then a candidate a line: the word, a tab, what it means. Asks the engine for a second at most; no engine is no error.`;
  static override examples = [
    { description: 'Commands', command: '<%= config.bin %> completion candidates -- cluster s' },
    { description: 'Flags', command: '<%= config.bin %> completion candidates -- cluster up --s' },
  ];
  static override flags = { ...clusterFlag, ...engineFlags };

  async run(): Promise<CandidatesResult> {
    const { flags } = await this.parse(CompletionCandidates);
    const expected = expectedAt(this.config, this.childArgv);
    const { what, before, typed } = expected;
    const complete = what === 'file' ? 'files' : what === 'folder' ? 'folders' : 'words';
    const all = await this.#candidates(expected, flags);
    const candidates = all
      .filter(({ value }) => value.startsWith(typed))
      .map(({ value, description }) => ({ value: `${before}${value}`, description: description.replace(/\s+/g, ' ') }))
      .filter(isPlain);
    this.print([complete, ...candidates.map(({ value, description }) => `${value}\t${description}`)].join('\n'));
    return { complete, candidates };
  }

  async #candidates(expected: Expected, flags: Asked): Promise<readonly Candidate[]> {
    if (expected.what === 'words') return expected.words;
    if (expected.what === 'file' || expected.what === 'folder') return [];
    return (await within(PATIENCE_MS, this.#askEngine(expected, flags)).catch(() => undefined)) ?? [];
  }

  /** What was typed on the line comes before the variables, which are in the flags of this command. */
  async #askEngine({ what, line }: Expected, flags: Asked): Promise<readonly Candidate[]> {
    const typed = (name: string): string | undefined => line.flags.get(name)?.at(-1);
    const [dockerHost, context] = [typed('docker-host'), typed('context')];
    const named = { 'docker-host': dockerHost, context };
    // Most keys need no engine, and wait for every module that is loaded.
    const { listClusters, listMemberStates } = await import('../../cluster/index.js');
    const engine = await (dockerHost === undefined && context === undefined ? this.engine(flags) : this.engine(named, this.childArgv));
    const clusters = async () => listClusters(engine);
    if (what === 'ensemble') {
      return (await clusters()).map(({ name, state, size }) => ({ value: name, description: `${state}, size ${size}` }));
    }
    const said = line.args[0] ?? typed('cluster') ?? flags.cluster;
    const names = said === undefined ? (await clusters()).map(({ name }) => name) : [said];
    // Several, and none named: no id means anything.
    if (names[0] === undefined || names.length > 1) return [];
    const given = line.flags.get('member') ?? [];
    return (await listMemberStates(engine, names[0]))
      .map(({ id, role, state }) => ({ value: String(id), description: `${role}, ${state}` }))
      .filter(({ value }) => !given.includes(value));
  }
}
