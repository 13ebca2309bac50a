import { string as stringArg } from '@oclif/core/args';
import { boolean, custom, string } from '@oclif/core/flags';
import { repeated } from '../../cli/flags/repeated.js';
import { advertiseFlags, rootFlag } from '../../cli/flags/registry.js';
import { SessionCommand } from '../../cli/session-command.js';
import type { Engine } from '../../engine/index.js';
import { ZkdError } from '../../errors.js';
import type { ExitCodeName } from '../../exit-codes.js';
import { containerEnds, registerContainer, type Registered } from '../../registry/index.js';
import { holdNode } from '../../znodes/index.js';
import { formatServer, type ZooKeeperSession } from '../../zookeeper/index.js';

function parsePort(input: string): number {
  const port = Number(input);
  if (!/^\d+$/.test(input) || port < 1 || port > 65_535)
    throw new ZkdError('usage', `Port ${JSON.stringify(input)} is none: give 1 to 65535`);
  return port;
}

function parseWeight(input: string): number {
  const weight = Number(input);
  if (!/^\d+(\.\d+)?$/.test(input)) throw new ZkdError('usage', `Weight ${JSON.stringify(input)} is none: give a number from 0 on`);
  return weight;
}

function parseMetadata(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const cut = pair.indexOf('=');
      if (cut < 1) throw new ZkdError('usage', `Metadata ${JSON.stringify(pair)} is none: give KEY=VALUE`);
      return [pair.slice(0, cut), pair.slice(cut + 1)];
    }),
  );
}

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
    service: string({ env: 'ZKD_SERVICE', helpValue: 'NAME', required: true, summary: 'Service it is an instance of.' }),
    port: custom<number>({
      env: 'ZKD_PORT',
      helpValue: 'PORT',
      required: true,
      parse: async (input) => parsePort(input),
      summary: 'Port the program in it listens on.',
    })(),
    id: string({ env: 'ZKD_ID', helpValue: 'ID', summary: "Name of the instance. [default: the container's short id and the port]" }),
    ...advertiseFlags,
    network: string({ env: 'ZKD_NETWORK', helpValue: 'NAME', summary: "Network whose address it is; else the container's only one." }),
    metadata: string({ env: 'ZKD_METADATA', helpValue: 'KEY=VALUE', multiple: true, summary: 'Can be repeated.' }),
    weight: custom<number>({
      env: 'ZKD_WEIGHT',
      helpValue: 'N',
      parse: async (input) => parseWeight(input),
      summary: 'Share of the load among the instances. [default: 1]',
    })(),
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
      tags: repeated(flags.tag),
      metadata: parseMetadata(repeated(flags.metadata)),
    };
    if (payload === 'spring') this.caution(`plain Curator readers of "${service}" fail at the Spring payload`);
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
