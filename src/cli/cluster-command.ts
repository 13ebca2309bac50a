/** What the commands of the topic `cluster` share: naming the ensemble, and watching work. */
import { selectCluster, type Observer } from '../cluster/index.js';
import { ZkdCommand } from './base-command.js';
import { clusterFlag } from './flags/cluster.js';
import { engineFlags } from './flags/engine.js';
import { askChoice } from './prompt.js';

interface Named {
  readonly args: { readonly name?: string | undefined };
  readonly flags: {
    readonly cluster?: string | undefined;
    readonly 'docker-host'?: string | undefined;
    readonly context?: string | undefined;
  };
}

export abstract class ClusterCommand<Result extends object> extends ZkdCommand<Result> {
  static override baseFlags = { ...ZkdCommand.baseFlags, ...clusterFlag, ...engineFlags };

  /** Whether `--cluster` itself was typed: a variable gives way to an argument, a typed flag does not. */
  protected get isClusterTyped(): boolean {
    return this.argv.some((arg) => arg === '--cluster' || arg.startsWith('--cluster='));
  }

  /** The ensemble meant: argument, flag, variable, or the one there is. */
  protected clusterName({ args, flags }: Named, options: { readonly mustBeSaid?: boolean } = {}): Promise<string> {
    return selectCluster(() => this.engine(flags), {
      argument: args.name,
      flag: flags.cluster,
      isFlagTyped: this.isClusterTyped,
      ask: this.terminal.interactive ? (names) => askChoice('Which ensemble?', names) : undefined,
      mustBeSaid: options.mustBeSaid ?? false,
    });
  }

  /** Draws what running work tells. */
  protected async observer(): Promise<Observer> {
    const progress = await this.progress();
    return {
      start: (step) => progress.start(step),
      end: (step, outcome, note) => progress.end(step, outcome, note),
      update: (step, note) => progress.update(step, note),
      caution: (text) => this.caution(text),
    };
  }
}
