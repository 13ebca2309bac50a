import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { advertiseFlags, factFlags, factsOf, rootFlag, serviceFlags } from '../../cli/flags/registry.js';
import { SessionCommand } from '../../cli/session-command.js';
import type { Engine } from '../../engine/index.js';
import type { ExitCodeName } from '../../exit-codes.js';
import { containerEnds, registerContainer, springNote, type Registered } from '../../registry/index.js';
import { holdNode } from '../../znodes/index.js';
import { formatServer, type ZooKeeperSession } from '../../zookeeper/index.js';

export default class ContainersRegister extends SessionCommand<Registered> {
  static override exits: readonly ExitCodeName[] = [
    'not-found',
    'conflict',
    'engine-unavailable',
    'zookeeper-unavailable',
    'denied',
    'refused',
  ];
  static override summary = 'Register a running container as an instance of a service.';
  static override description = `Writes a record of Curator's service discovery below --root, and holds it until Ctrl-C (exit 130) or until the container ends (exit 0); then it is gone. Ends with 6 when the session is lost, with 3 when somebody removes the record. With --persistent the record stays, and the command ends at once.
By default the container's address on its network is registered; --advertise published takes where the engine publishes the port, host the engine's host. A port that is published on the host's loopback only is refused (12) without --host-address. A record of the same container is made anew; one of another is a conflict (4).`;
  static override examples = [
    { description: 'Until Ctrl-C', command: '<%= config.bin %> containers register web-1 --service web --port 80' },
    {
      description: 'For good, with what others may want to know',
      command: '<%= config.bin %> containers register web-1 --service web --port 80 --persistent --tag blue --metadata zone=a',
    },
  ];
  static override args = { container: stringArg({ description: 'Name or id.', required: true, ignoreStdin: true }) };
  static override flags = {
    ...serviceFlags,
    id: string({ env: 'ZKD_ID', helpValue: 'ID', summary: "Name of the instance. [default: the container's short id and the port]" }),
    ...advertiseFlags,
    network: string({ env: 'ZKD_NETWORK', helpValue: 'NAME', summary: "Network whose address it is; else the container's only one." }),
    ...factFlags,
    persistent: boolean({ env: 'ZKD_PERSISTENT', summary: 'Leave the record there.' }),
    ...rootFlag,
  };

  async run(): Promise<Registered> {
    const { args, flags } = await this.parse(ContainersRegister);
    const { service, port, id, advertise: how, network, root, weight = 1, payload, persistent: isPersistent } = flags;
    const engine = await this.engine(flags);
    const hostAddress = flags['host-address'] ?? engine.endpoint.remoteHost ?? undefined;
    const request = {
      ...{ root, service, id, port, how, network, hostAddress, weight, payload, isPersistent },
      ...factsOf(flags),
    };
    if (payload === 'spring') this.caution(springNote(service));
    return this.inSession(flags, async (session, signal) => {
      const registered = await registerContainer(session, engine, args.container, request);
      this.print(`${registered.path}: ${formatServer({ host: registered.address, port: registered.port })}`);
      if (isPersistent) return registered;
      // The document is due now: what comes is an end.
      this.isStream = true;
      if (this.jsonEnabled()) this.logJson(registered);
      await this.#hold(session, engine, registered, signal);
      return registered;
    });
  }

  async #hold(session: ZooKeeperSession, engine: Engine, { path, container }: Registered, signal: AbortSignal): Promise<void> {
    const held = holdNode(session, path, (isThere) => {
      if (isThere) this.talk('Connected again');
      else this.caution('the connection is gone; the record goes too when it does not come back in time');
    });
    const followed = new AbortController();
    const stop = (): void => followed.abort();
    signal.addEventListener('abort', stop, { once: true });
    try {
      await Promise.race([held, containerEnds(engine, container, followed.signal)]);
    } finally {
      stop();
      held.catch(() => undefined);
    }
    signal.throwIfAborted();
    this.talk(`Container "${container}" has ended: its record goes`);
  }
}
