/** A real shell on a terminal of its own, to whose line editor keys are sent: what completion does shows nowhere else. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { retryUntil } from '../../src/runtime/retry-until.js';

export type ShellName = 'bash' | 'zsh';

const TAB = '\t';
const ALL_MATCHES = '\u0018a';
const TELL = '\u0018p';
const CLEAR = '\u0015';
const END_OF_INPUT = '\u0004';
/** Told by the shell itself once its line editor runs; keys before that would be the terminal's to edit. */
const PROMPT = 'ready> ';

/** Binds keys: one inserts all that would complete the word, one writes the line that is being edited into a file. */
const SETTINGS: Readonly<Record<ShellName, (answers: string) => string>> = {
  bash: (answers) => `PS1='${PROMPT}'; set +o history
source <(zkd completion bash)
bind '"\\C-xa": insert-completions'
tell() { printf '%s\\n' "$READLINE_LINE" >>'${answers}'; }
bind -x '"\\C-xp": tell'
bind '"\\C-u": kill-whole-line'
`,
  zsh: (answers) => `PS1='${PROMPT}'; unset zle_bracketed_paste
autoload -Uz compinit && compinit -D -u
source <(zkd completion zsh)
bindkey -e
zle -C all-matches complete-word _generic
zstyle ':completion:all-matches:*' completer _all_matches _complete
zstyle ':completion:all-matches:*' insert true
bindkey '^Xa' all-matches
# Else zsh expands the word itself first, which runs what is quoted in it, whatever the command.
bindkey '^I' complete-word
tell() { print -r -- "$BUFFER" >>'${answers}'; }
zle -N tell
bindkey '^Xp' tell
bindkey '^U' kill-whole-line
`,
};

const COMMANDS: Readonly<Record<ShellName, (folder: string) => string>> = {
  bash: (folder) => `bash --noprofile --rcfile ${join(folder, '.bashrc')} -i`,
  zsh: () => 'zsh -i',
};

export class Shell {
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #answers: string;
  #asked = 0;
  #screen = '';

  private constructor(folder: string, child: ChildProcess, answers: string) {
    this.#folder = folder;
    this.#child = child;
    this.#answers = answers;
    child.stdout?.on('data', (chunk: Buffer) => (this.#screen += chunk.toString()));
  }

  /** Starts one that has the completion loaded; `zkd` is looked for in `path`. Whoever starts it closes it. */
  static async start(name: ShellName, options: { readonly path: string; readonly cwd: string }): Promise<Shell> {
    const folder = await mkdtemp(join(tmpdir(), 'zkd-shell-'));
    const answers = join(folder, 'answers');
    await writeFile(answers, '');
    for (const file of ['.bashrc', '.zshrc']) await writeFile(join(folder, file), SETTINGS[name](answers));
    const env = { ...process.env, PATH: options.path, ZDOTDIR: folder, TERM: 'xterm', INPUTRC: '/dev/null', ZKD_CLUSTER: '' };
    const child = spawn('script', ['-qec', COMMANDS[name](folder), '/dev/null'], { cwd: options.cwd, env });
    const shell = new Shell(folder, child, answers);
    await shell.#until(async () => (shell.#screen.includes(PROMPT) ? true : undefined), 'no prompt');
    return shell;
  }

  /** The line as it stands after the Tab key. */
  completed(typed: string): Promise<string> {
    return this.#line(`${typed}${TAB}`);
  }

  /** Every word that would complete the last one, as the shell writes it into the line. */
  async candidates(typed: string): Promise<string[]> {
    const line = await this.#line(`${typed}${ALL_MATCHES}`);
    const words = line.slice(typed.lastIndexOf(' ') + 1).split(' ');
    return words.filter((word) => word !== '').sort();
  }

  /** All that was to be seen so far. */
  get screen(): string {
    return this.#screen;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdin?.write(`${CLEAR}${END_OF_INPUT}`);
    await closed;
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #line(keys: string): Promise<string> {
    const wanted = (this.#asked += 1);
    this.#child.stdin?.write(`${CLEAR}${keys}${TELL}`);
    const look = async () => (await readFile(this.#answers, 'utf8')).split('\n').slice(0, -1)[wanted - 1];
    return this.#until(look, `no answer to ${JSON.stringify(keys)}`);
  }

  async #until<T>(look: () => Promise<T | undefined>, failure: string): Promise<T> {
    const found = await retryUntil(look, { timeoutMs: 10_000, intervalMs: 20 });
    if (found === undefined) throw new Error(`${failure}; on the screen: ${JSON.stringify(this.#screen)}`);
    return found;
  }
}
