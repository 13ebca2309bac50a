import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { string as stringArg } from '@oclif/core/args';
import { ZkdCommand } from '../cli/base-command.js';

interface CompletionResult {
  readonly shell: string;
  readonly script: string;
}

export default class Completion extends ZkdCommand<CompletionResult> {
  static override summary = 'Print the script that completes zkd in a shell.';
  static override description = `Completes commands, flags, names of ensembles and ids of members. Those it asks of the engine when they are wanted, for a second at most; without an engine it completes the rest.
Prints only. Load it at the start of the shell, as below; for zsh after compinit.`;
  static override examples = [
    { description: 'For bash, e.g. in ~/.bashrc', command: 'source <(<%= config.bin %> completion bash)' },
    { description: 'For zsh, into a folder of its $fpath', command: '<%= config.bin %> completion zsh >_zkd' },
  ];
  static override args = {
    shell: stringArg({ description: 'Which shell.', options: ['bash', 'zsh'], required: true, ignoreStdin: true }),
  };
  static override flags = {};

  async run(): Promise<CompletionResult> {
    const { shell } = (await this.parse(Completion)).args;
    const script = await readFile(join(this.config.root, 'bin/completion', `zkd.${shell}`), 'utf8');
    this.print(script.trimEnd());
    return { shell, script };
  }
}
