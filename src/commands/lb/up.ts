import { string as stringArg } from '@oclif/core/args';
import { custom, option, string } from '@oclif/core/flags';
import {
  bringUpBalancer,
  DEFAULT_IMAGE,
  MAX_SLOTS,
  MODES,
  parseCheckPath,
  parseContainerName,
  parseNetwork,
  parsePublication,
  readInstances,
  turnPath,
  type UpObserver,
  type UpResult,
} from '../../balancer/index.js';
import { rootFlag } from '../../cli/flags/registry.js';
import type { SessionFlagValues } from '../../cli/flags/session.js';
import { timeoutFlag } from '../../cli/flags/wait.js';
import { renderSynced } from '../../cli/render/balancer.js';
import { SessionCommand } from '../../cli/session-command.js';
import type { ExitCodeName } from '../../exit-codes.js';
import { identifyRegistry, takeTurn } from '../../registry/index.js';
import { unlessAborted } from '../../runtime/interruption.js';
import { parseDurationMs, parseWholeNumber } from '../../runtime/quantities.js';
import { formatServer, type ConnectTarget } from '../../zookeeper/index.js';

interface LbUpResult extends UpResult {
  readonly tookMs: number;
}

/** An ensemble that does not answer by then is not waited for as long as an image or HAProxy. */
const CONNECT_MS = 10_000;

const formatConnect = ({ servers, chroot }: ConnectTarget): string => `${servers.map(formatServer).join(',')}${chroot ?? ''}`;

export default class LbUp extends SessionCommand<LbUpResult> {
  static override exits: readonly ExitCodeName[] = [
    'not-found',
    'conflict',
    'engine-unavailable',
    'zookeeper-unavailable',
    'timeout',
    'denied',
  ];
  static override summary = 'Put a load balancer in front of a registered service.';
  static override description = `Runs HAProxy in a container on the ensemble's network, with the usable instances of the service as its servers, and publishes it where --publish says, and nowhere else; on its network it is NAME:8080. Waits until HAProxy answers and has them all; none is no failure. What changes later is brought to it by zkd containers agent, or by zkd lb sync.
Safe to repeat: nothing to do is a success, and settings that nobody gives keep their value. Another mode, check or number of slots is a reload, which cuts no connection off and is taken back where HAProxy does not start with it; another address, network or image is another container. A name or a port that is another's is a conflict (4); what this run made is removed again then.
Servers are checked by HAProxy itself. When all records of a service vanish, or more than half within a session timeout, the servers are kept under these checks for --hold. Requests are repeated elsewhere where no connection could be made; where one broke without an answer, only GET and HEAD are.`;
  static override examples = [
    { description: 'In front of the service web, on this machine only', command: '<%= config.bin %> lb up web --publish 127.0.0.1:8080' },
    {
      description: 'Only servers that answer /health with 200 to 399',
      command: '<%= config.bin %> lb up web --publish 8080 --check-path /health --hold 2m',
    },
    { description: 'Bytes instead of requests', command: '<%= config.bin %> lb up db --mode tcp --publish 127.0.0.1:5432' },
  ];
  static override args = { service: stringArg({ description: 'Service to balance.', required: true, ignoreStdin: true }) };
  static override flags = {
    publish: custom({
      env: 'ZKD_PUBLISH',
      helpValue: '[ADDRESS:]PORT',
      parse: async (input) => parsePublication(input),
      summary: 'Where to reach it from outside its network; a port alone is on 127.0.0.1. [default at birth: nowhere]',
    })(),
    name: custom({
      env: 'ZKD_NAME',
      helpValue: 'NAME',
      parse: async (input) => parseContainerName(input),
      summary: 'Name of the container. [default: zkd-lb-SERVICE]',
    })(),
    mode: option({ options: MODES, env: 'ZKD_MODE', summary: 'What is balanced: requests or connections. [default at birth: http]' })(),
    'check-path': custom<string | null>({
      env: 'ZKD_CHECK_PATH',
      helpValue: 'PATH|none',
      parse: async (input) => (input === 'none' ? null : parseCheckPath(input)),
      summary: 'Ask servers for this path; none: see whether they take a connection. [default at birth: none]',
    })(),
    hold: custom<number>({
      env: 'ZKD_HOLD',
      helpValue: 'DURATION',
      parse: async (input) => (/^0(ms|s|m|h)?$/.test(input) ? 0 : parseDurationMs(input, 'Hold')),
      summary: 'How long to keep servers that vanish all at once; 0s: not at all. [default at birth: 60s]',
    })(),
    slots: custom<number>({
      env: 'ZKD_SLOTS',
      helpValue: 'N',
      parse: async (input) => parseWholeNumber(input, 'Number of slots', 1, MAX_SLOTS),
      summary: 'Servers that fit without a reload. [default at birth: 16]',
    })(),
    network: custom({
      env: 'ZKD_NETWORK',
      helpValue: 'NAME',
      parse: async (input) => parseNetwork(input),
      summary: "Network of the servers. [default at birth: the ensemble's]",
    })(),
    image: string({
      env: 'ZKD_IMAGE',
      helpValue: 'REFERENCE',
      summary: `Image to run, a Debian-based one. [default at birth: ${DEFAULT_IMAGE}]`,
    }),
    pull: option({
      options: ['missing', 'always', 'never'] as const,
      env: 'ZKD_PULL',
      default: 'missing',
      summary: 'When to pull the image.',
    })(),
    ...rootFlag,
    ...timeoutFlag({ default: '30s' }),
  };

  async run(): Promise<LbUpResult> {
    const { args, flags } = await this.parse(LbUp);
    const startedAt = performance.now();
    const signal = this.interruption();
    const { publish, mode, hold, slots, network, image, name, pull } = flags;
    const checkPath = flags['check-path'];
    const engine = await this.engine(flags);
    const cluster = await this.clusterMeant(flags);
    const session = await this.session({ ...flags, timeout: Math.min(flags.timeout, CONNECT_MS) });
    const id = await unlessAborted(identifyRegistry(session), signal);
    // Two at once would each undo what the other has just done; the turn ends with the session.
    await takeTurn(session, turnPath((await engine.identify()).id, args.service, name), signal, (other) =>
      this.talk(`Waiting for another zkd lb up: ${other}`),
    );
    const result = await bringUpBalancer(
      {
        service: args.service,
        name,
        registry: { id, cluster: cluster ?? null, connect: cluster === undefined ? this.#connect(flags) : null, root: flags.root },
        given: {
          ...(publish && { publish }),
          ...(mode && { mode }),
          ...(checkPath !== undefined && { checkPath }),
          ...(hold !== undefined && { holdMs: hold }),
          ...(slots !== undefined && { slots }),
          ...(network !== undefined && { network }),
          ...(image !== undefined && { image }),
        },
        network: cluster === undefined ? undefined : (await (await import('../../cluster/index.js')).readInside(engine, cluster)).network,
        pull,
        timeoutMs: flags.timeout,
        windowMs: session.timeoutMs,
      },
      {
        engine,
        instances: () => unlessAborted(readInstances(session, flags.root, args.service), signal),
        signal,
        observer: await this.#observer(),
      },
    );
    if (slots !== undefined && slots < result.balancer.slots)
      this.caution(`it has ${result.balancer.slots} slots, and keeps them: their number only grows`);
    this.#show(result);
    return { ...result, tookMs: Math.round(performance.now() - startedAt) };
  }

  #connect({ connect }: SessionFlagValues): string | null {
    return connect === undefined ? null : formatConnect(connect);
  }

  async #observer(): Promise<UpObserver> {
    const progress = await this.progress();
    return {
      start: (step) => progress.start(step),
      end: (step, outcome) => progress.end(step, outcome),
      caution: (text) => this.caution(text),
    };
  }

  #show({ balancer, changed, plan, servers }: UpResult): void {
    const style = this.style.stdout;
    const { name, service, publish, up, total } = balancer;
    for (const address of servers.leftOut) this.caution(`"${address}" is registered and leads nowhere from the balancer: it is left out`);
    if (total !== null && total > 0 && up === 0) this.caution(`none of ${total} servers answers its check: requests are refused`);
    if (total === 0) this.caution(`service "${service}" has no instance to use: the balancer waits for one`);
    if (servers.how === 'reload') this.print(renderSynced(name, servers, style));
    const what = changed ? plan.join(', ') : 'nothing to do';
    this.print(`${style.strong(name)}: ${what}`);
    this.print(`${style.strong(name)}: ${publish ?? 'not published'}, ${up ?? '-'} of ${total ?? '-'} servers up`);
    this.next('zkd lb ls');
  }
}
