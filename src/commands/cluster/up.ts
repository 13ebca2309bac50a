import { UpCommand } from '../../cli/up-command.js';
import type { ExitCodeName } from '../../exit-codes.js';

export default class ClusterUp extends UpCommand {
  static override exits: readonly ExitCodeName[] = ['not-found', 'conflict', 'zookeeper-unavailable', 'timeout', 'refused'];
  static override summary = 'Create an ensemble, or converge it to what is asked.';
  static override description = `Touches only containers, volumes and the network of this ensemble. Waits until every member answers, exactly one leads and all others are in sync.
Safe to repeat: nothing to do is a success, stopped members are started, missing ones are made anew with their data. On failure or Ctrl-C what this run made is removed again.
Settings that nobody gives keep their value. Changed heap, memory, cpus, image, port, bind, restart policy, tick time or zoo.cfg settings replace members one at a time, followers first and the leader last, each only while all others are in sync; data, identity and membership stay. An outage (one or two voters) and another minor version of ZooKeeper need --yes; an older one, and a change of size, observers, network, subnet, growable or ephemeral, are refused (exit 12).
Where zkd runs in a container of the engine, give --network with one it is on, or run that container with --network host.`;
  static override examples = [
    { description: 'Three members on 127.0.0.1:2181-2183', command: '<%= config.bin %> cluster up' },
    { description: 'A single member under a name of its own', command: '<%= config.bin %> cluster up dev --size 1 --client-port auto' },
    { description: 'Show what would be done', command: '<%= config.bin %> cluster up large --size 5 --dry-run' },
    {
      description: 'Change a living ensemble, member by member',
      command: '<%= config.bin %> cluster up --heap 512m --set snapCount=50000',
    },
    { description: 'From a file', command: '<%= config.bin %> cluster up --file zkd.yaml --timeout 2m' },
  ];
  protected readonly mode = 'up';
}
