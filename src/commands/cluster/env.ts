import { appendFile } from 'node:fs/promises';
import { option } from '@oclif/core/flags';
import { ClusterCommand } from '../../cli/cluster-command.js';
import { clusterArgument } from '../../cli/flags/cluster.js';
import { ENVIRONMENT_FORMATS, formatEnvironment, readEnvironment, type Environment } from '../../cluster/index.js';
import { messageOf, ZkdError } from '../../errors.js';
import type { ExitCodeName } from '../../exit-codes.js';

async function append(path: string, text: string): Promise<void> {
  try {
    await appendFile(path, `${text}\n`);
  } catch (error) {
    throw new ZkdError('usage', `The file that GITHUB_ENV names cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

export default class ClusterEnv extends ClusterCommand<Environment> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'zookeeper-unavailable', 'refused'];
  static override summary = 'Print how to reach an ensemble, as variables.';
  static override description = `ZKD_CONNECT works from where zkd runs, ZOOKEEPER_INTERNAL_CONNECT in containers on the ensemble's network; in such a container both are the same.
Where the ensemble cannot be reached from here it says why and what to do.
Curator follows the members' own names by default: put HOSTS_ENTRY into /etc/hosts, or build the client with ensembleTracker(false).
The format github appends to the file that GITHUB_ENV names.`;
  static override examples = [
    { description: 'For this shell', command: 'eval "$(<%= config.bin %> cluster env zk)"' },
    { description: 'For docker run --env-file', command: '<%= config.bin %> cluster env zk --format dotenv' },
  ];
  static override args = clusterArgument;
  static override flags = {
    format: option({ options: ENVIRONMENT_FORMATS, env: 'ZKD_FORMAT', default: 'shell', summary: 'Form of the output.' })(),
  };

  async run(): Promise<Environment> {
    const parsed = await this.parse(ClusterEnv);
    const { format } = parsed.flags;
    const target = this.ports.env['GITHUB_ENV'];
    if (format === 'github' && !target) throw new ZkdError('usage', 'GITHUB_ENV is not set: --format github appends to the file it names');
    const name = await this.clusterName(parsed);
    const environment = await readEnvironment(await this.engine(parsed.flags), name);
    const text = formatEnvironment(environment, format);
    if (format === 'github' && target) await append(target, text);
    else this.print(text);
    if (format === 'shell' && this.ports.stdout.isTTY) {
      if (environment.HOSTS_ENTRY !== '')
        this.talk(`Java clients on this machine: add HOSTS_ENTRY to /etc/hosts, or use ensembleTracker(false)`);
      this.next(`eval "$(zkd cluster env ${name})"`);
    }
    return environment;
  }
}
