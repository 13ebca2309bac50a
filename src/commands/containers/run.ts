import { string as stringArg } from '@oclif/core/args';
import { boolean, custom, option, string } from '@oclif/core/flags';
import { readInside, SETTINGS } from '../../cluster/index.js';
import { containerFlags, containerSettings, type ContainerFlagValues } from '../../cli/flags/container.js';
import type { EngineFlagValues } from '../../cli/flags/engine.js';
import { factFlags, factsOf, rootFlag, serviceFlags, type FactFlagValues } from '../../cli/flags/registry.js';
import { repeated } from '../../cli/flags/repeated.js';
import type { SessionFlagValues } from '../../cli/flags/session.js';
import { timeoutFlag } from '../../cli/flags/wait.js';
import { SessionCommand } from '../../cli/session-command.js';
import type { Engine } from '../../engine/index.js';
import { ZkdError } from '../../errors.js';
import type { ExitCodeName } from '../../exit-codes.js';
import {
  awaitRegistered,
  checkRun,
  CONNECT_VARIABLE,
  HEALTH_POLICIES,
  PAYLOADS,
  runContainers,
  type RunRequest,
  type RunResult,
  type WantedApp,
  springNote,
} from '../../registry/index.js';
import { unlessAborted } from '../../runtime/interruption.js';
import { parseWholeNumber } from '../../runtime/quantities.js';
import { formatServer, type ConnectTarget, type ZooKeeperSession } from '../../zookeeper/index.js';

const MOST_REPLICAS = 100;

type WantedFlags = FactFlagValues & {
  readonly service: string;
  readonly port: number;
  readonly replicas?: number | undefined;
  readonly name?: string | undefined;
  readonly id?: string | undefined;
  readonly weight?: number | undefined;
  readonly health?: WantedApp['health'];
  readonly payload?: WantedApp['payload'];
  readonly 'connect-env'?: readonly string[] | undefined;
};

type PlaceFlags = SessionFlagValues & EngineFlagValues & { readonly network?: string | undefined };

export default class ContainersRun extends SessionCommand<RunResult> {
  static override exits: readonly ExitCodeName[] = [
    'not-found',
    'conflict',
    'engine-unavailable',
    'zookeeper-unavailable',
    'timeout',
    'partial',
    'denied',
  ];
  static override takesChild = true;
  static override summary = 'Start containers of a service beside an ensemble, which they are told how to reach.';
  static override description = `Starts containers on the ensemble's network, with its connection string in the variable ${CONNECT_VARIABLE} and with the labels by which zkd containers agent registers them. They are called SERVICE-1, SERVICE-2 and so on, or as --name says. What stands after "--" is handed to the image as its command.
Safe to repeat: what is missing is made, what does not run is started, and nothing else is touched. A container of that name that is not from here, or has other settings, is a conflict (4); none is ever replaced. One that cannot be started is removed again; exit 9 where others run.
With --wait it succeeds when all of them are registered below --root and may be used, else exits 7 with what each lacks. With --connect the network has to be named.`;
  static override examples = [
    {
      description: 'One container, beside the only ensemble there is',
      command: '<%= config.bin %> containers run --service web --port 80 nginx:1.28',
    },
    {
      description: 'Three of them, until an agent has registered them all',
      command: '<%= config.bin %> containers run --service web --port 80 --replicas 3 --wait nginx:1.28',
    },
    {
      description: 'With variables, a volume, a limit, and a port on the host',
      command:
        '<%= config.bin %> containers run --service web --port 80 --name shop --env MODE=live --volume shop:/srv --memory 64m --publish 8080:80 nginx:1.28',
    },
    {
      description: 'With a command of its own',
      command: '<%= config.bin %> containers run --service files --port 8000 python:3.13 -- python -m http.server',
    },
  ];
  static override args = {
    image: stringArg({ description: 'Image to run; pulled where it is not there.', required: true, ignoreStdin: true }),
  };
  static override flags = {
    ...serviceFlags,
    replicas: custom<number>({
      env: 'ZKD_REPLICAS',
      helpValue: 'N',
      parse: async (input) => parseWholeNumber(input, 'Number of replicas', 1, MOST_REPLICAS),
      summary: `How many are to run, 1 to ${MOST_REPLICAS}. [default: 1]`,
    })(),
    name: string({ env: 'ZKD_NAME', helpValue: 'NAME', summary: 'What the container is called; several get a number behind it.' }),
    id: string({ env: 'ZKD_ID', helpValue: 'ID', summary: "Name of the instance. [default: the container's short id and the port]" }),
    ...factFlags,
    health: option({
      options: HEALTH_POLICIES,
      env: 'ZKD_HEALTH',
      summary: 'Whether it is registered only while its health check says it is well. [default: required]',
    })(),
    payload: option({
      options: PAYLOADS,
      env: 'ZKD_PAYLOAD',
      summary: "Spring Cloud's payload; plain Curator readers of the service fail at it. [default: the agent's]",
    })(),
    network: custom({
      env: 'ZKD_NETWORK',
      helpValue: 'NAME',
      parse: async (input) => SETTINGS.network.parse(input) ?? undefined,
      summary: "Network they live on, needed with --connect; else the ensemble's.",
    })(),
    'connect-env': string({
      env: 'ZKD_CONNECT_ENV',
      helpValue: 'NAME',
      multiple: true,
      multipleNonGreedy: true,
      summary: `Variable that gets the connection string besides ${CONNECT_VARIABLE}. Can be repeated.`,
    }),
    pull: option({
      options: ['missing', 'always', 'never'] as const,
      env: 'ZKD_PULL',
      default: 'missing',
      summary: 'When to pull the image.',
    })(),
    wait: boolean({ env: 'ZKD_WAIT', allowNo: true, default: false, summary: 'Wait until all of them are registered.' }),
    ...timeoutFlag({ default: '30s' }),
    ...rootFlag,
    ...containerFlags,
  };

  async run(): Promise<RunResult> {
    const { args, flags } = await this.parse(ContainersRun);
    const wanted = await this.#wanted(args.image, flags);
    checkRun(wanted);
    if (wanted.payload === 'spring') this.caution(springNote(wanted.service));
    const engine = await this.engine(flags);
    const surroundings = await this.#surroundings(engine, flags);
    // What cannot be waited for is not begun.
    const session = flags.wait ? await this.session(flags) : undefined;
    const signal = this.interruption();
    const result = await runContainers(
      { ...wanted, ...surroundings },
      {
        ...{ engine, signal, pull: flags.pull },
        onPull: (image) => this.talk(`Pulling ${image} ...`),
        caution: (text) => this.caution(text),
      },
    );
    if (session) await this.#wait(session, engine, result, flags);
    this.print(result.containers.map(({ name, action }) => `${this.style.stdout.strong(name)}: ${action}`).join('\n'));
    this.next(`zkd containers ls ${wanted.service}`);
    return result;
  }

  async #wait(
    session: ZooKeeperSession,
    engine: Engine,
    { service, containers }: RunResult,
    { root, timeout: timeoutMs }: { readonly root: string; readonly timeout: number },
  ): Promise<void> {
    const [progress, signal] = [await this.progress(), this.interruption()];
    const step = `wait for ${containers.length} registrations of ${service}`;
    const onWait = (missing: number): void => progress.update(step, `${missing} to come`);
    progress.start(step);
    try {
      const request = { root, service, containers: containers.map(({ id }) => id), timeoutMs, signal, onWait };
      await unlessAborted(awaitRegistered(session, engine, request), signal);
    } catch (error) {
      progress.end(step, 'failed');
      throw error;
    }
    progress.end(step, 'done');
  }

  async #wanted(image: string, flags: ContainerFlagValues & WantedFlags): Promise<WantedApp> {
    const { service, port, replicas = 1, name, id, weight, health, payload } = flags;
    if (this.isChildTyped && this.childArgv.length === 0) {
      throw new ZkdError('usage', 'Nothing stands after "--": give a command, or leave it out');
    }
    const settings = await containerSettings(flags, this.ports.env);
    const command = this.isChildTyped ? { command: this.childArgv } : {};
    const container = { image: SETTINGS.image.parse(image), ...command, ...settings };
    const connectNames = repeated(flags['connect-env']);
    return { service, port, replicas, name, id, weight, health, payload, connectNames, container, ...factsOf(flags) };
  }

  async #surroundings(engine: Engine, flags: PlaceFlags): Promise<Pick<RunRequest, 'network' | 'connect' | 'ensemble'>> {
    const { network: given } = flags;
    const cluster = await this.clusterMeant(flags);
    if (cluster === undefined) {
      const connect = formatTarget(flags.connect);
      if (given === undefined) {
        throw new ZkdError('usage', 'With a connection string the network has to be named: --network', { suggestions: ['--network NAME'] });
      }
      if (/(^|,)(127\.|localhost:|\[::1\])/.test(connect)) this.caution(`inside a container, ${connect} is that container itself`);
      return { network: given, connect, ensemble: connect };
    }
    const inside = await readInside(engine, cluster);
    if (given === undefined || given === inside.network) return { ...inside, ensemble: cluster };
    throw new ZkdError('usage', `Ensemble "${cluster}" is on network "${inside.network}", not on "${given}"`);
  }
}

function formatTarget(target: ConnectTarget | undefined): string {
  return target ? `${target.servers.map(formatServer).join(',')}${target.chroot ?? ''}` : '';
}
