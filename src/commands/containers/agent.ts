import { setTimeout as sleep } from 'node:timers/promises';
import { boolean, custom, option, string } from '@oclif/core/flags';
import { keepBalancers } from '../../balancer/index.js';
import { advertiseFlags, rootFlag } from '../../cli/flags/registry.js';
import { repeated } from '../../cli/flags/repeated.js';
import { renderAgentEntry, renderOnce } from '../../cli/render/agent.js';
import { renderSynced } from '../../cli/render/balancer.js';
import { SessionCommand } from '../../cli/session-command.js';
import { PLAIN_STYLE } from '../../cli/style.js';
import { messageOf, ZkdError } from '../../errors.js';
import type { ExitCodeName } from '../../exit-codes.js';
import {
  identifyRegistry,
  registerOnce,
  runAgent,
  type AgentContext,
  type AgentEntry,
  type AgentRules,
  type OnceResult,
} from '../../registry/index.js';
import { parseDurationMs } from '../../runtime/quantities.js';
import type { ZooKeeperSession } from '../../zookeeper/index.js';

/** Before a registry that could not be looked at is looked at again. */
const AGAIN_MS = 1000;

/** What is streamed is the result; with `--once` there is one. */
type AgentResult = OnceResult | Record<string, never>;

export default class ContainersAgent extends SessionCommand<AgentResult> {
  static override exits: readonly ExitCodeName[] = ['partial', 'conflict', 'engine-unavailable', 'zookeeper-unavailable', 'denied'];
  static override summary = 'Keep what is registered true to the engine, until it is stopped.';
  static override description = `Registers each container of the engine that runs and, where it has a health check, is healthy: at once when it starts or recovers, and takes its record away at once when it is told to stop, dies, is paused or becomes unhealthy. A whole look at the start and every --resync finds whatever events did not tell; it writes nothing where nothing has changed.
Containers say what they are by labels: zkd.service, zkd.port, zkd.id, zkd.network, zkd.tags (comma-separated), zkd.weight, zkd.health (required, or ignore), zkd.payload (none, or spring), zkd.metadata.KEY; or by variables and labels as registrator reads them (SERVICE_NAME, SERVICE_80_NAME, SERVICE_TAGS, SERVICE_IGNORE, ...). Others are registered by their published ports under the name of their image; with --explicit only those that say a name are. Ports that are only exposed count where a name is said and the address is not the published one. What zkd runs itself is left out.
Records are ephemeral: they go with the agent's session, also where it is killed. Of several agents of an engine one registers, the others stand by. It also keeps the load balancers of the engine that follow this registry in step (see zkd lb up). The engine and ZooKeeper may go and come back: it waits for both, and says so. Ctrl-C (exit 130) or SIGTERM (143) ends it; with --on-exit keep the records stay until the session's time is up, for the next agent to take over. --once looks once and writes records that stay; exit 4 while an agent runs, 9 where something could not be registered.
With --json each line of the log is a document.`;
  static override examples = [
    { description: 'All published ports, and whoever says a name', command: '<%= config.bin %> containers agent' },
    {
      description: 'Only those that say a name, where the engine publishes them',
      command: '<%= config.bin %> containers agent --explicit --advertise published --host-address 10.0.0.5',
    },
    { description: 'From a script: once, with records that stay', command: '<%= config.bin %> containers agent --once --json' },
  ];
  static override flags = {
    explicit: boolean({ env: 'ZKD_EXPLICIT', summary: 'Only containers that say the name of a service.' }),
    ...advertiseFlags,
    network: string({
      env: 'ZKD_NETWORK',
      helpValue: 'NAME',
      summary: 'Of containers on several networks: whose address, unless they say it.',
    }),
    resync: custom<number>({
      env: 'ZKD_RESYNC',
      helpValue: 'DURATION',
      summary: 'How often to look at all containers. [default: 60s]',
      default: async () => parseDurationMs('60s'),
      defaultHelp: async () => undefined,
      parse: async (input) => parseDurationMs(input, 'Resync'),
    })(),
    'on-exit': option({
      options: ['deregister', 'keep'] as const,
      env: 'ZKD_ON_EXIT',
      default: 'deregister',
      summary: 'What becomes of the records at the end.',
    })(),
    once: boolean({ env: 'ZKD_ONCE', summary: 'Look once, write records that stay, and end.' }),
    ...rootFlag,
  };

  #balancing: Promise<void> | undefined;

  async run(): Promise<AgentResult> {
    const { flags } = await this.parse(ContainersAgent);
    const engine = await this.engine(flags);
    const { advertise: how, explicit: isExplicit, payload, network, root, resync: resyncMs, 'on-exit': onExit } = flags;
    const hostAddress = flags['host-address'] ?? engine.endpoint.remoteHost ?? undefined;
    const rules: AgentRules = { how, isExplicit, payload, network, root, resyncMs, onExit, hostAddress, tags: repeated(flags.tag) };
    if (how === 'host' && hostAddress === undefined) throw new ZkdError('usage', '--advertise host wants --host-address');
    if (payload === 'spring') this.caution('plain Curator readers fail at the Spring payload');
    if (flags.once) return this.#once(flags, rules);
    this.isStream = true;
    const signal = this.interruption();
    this.leavesSessions = onExit === 'keep';
    const over = new AbortController();
    const context = { engine, open: () => this.session(flags), tell: (entry: AgentEntry) => this.#tell(entry) };
    const balancing = { ...context, signal: AbortSignal.any([signal, over.signal]) };
    try {
      await runAgent(rules, { ...context, signal, onLead: (session) => this.#balance(session, balancing) });
    } finally {
      over.abort();
      await this.#balancing;
    }
    // To be stopped is how it ends.
    if (this.jsonEnabled()) throw signal.reason as ZkdError;
    this.endWith((signal.reason as ZkdError).code);
    return {};
  }

  /** Keeps the balancers of the engine in step with the registry. Begun once, however often the agent comes to lead: it lives through as much as that does. */
  #balance(session: ZooKeeperSession, { engine, open, signal, tell }: AgentContext): void {
    const say = (level: AgentEntry['level'], message: string): void => tell({ level, event: 'balancer', message });
    const begin = async (): Promise<void> => {
      const registryId = await identifyRegistry(session);
      await keepBalancers({
        ...{ engine, open, registryId, windowMs: session.timeoutMs, signal },
        log: {
          synced: ({ name }, synced) => say('info', renderSynced(name, synced, PLAIN_STYLE)),
          failed: (name, error) => say('warning', `${name}: ${messageOf(error)}`),
          recovered: (name) => say('info', `${name}: well again`),
          // The agent's own session tells.
          connection: () => undefined,
        },
      });
    };
    const isOver = (): boolean => signal.aborted;
    const tryUntilBegun = async (): Promise<void> => {
      for (let isFirst = true; !isOver(); isFirst = false) {
        try {
          await begin();
          return;
        } catch (error) {
          if (isFirst && !isOver()) say('warning', `balancers are not kept in step yet: ${messageOf(error)}`);
          if (session.state === 'expired' || session.state === 'closed') break;
          await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined);
        }
      }
      // The next session comes to lead, too.
      this.#balancing = undefined;
    };
    this.#balancing ??= tryUntilBegun();
  }

  async #once(flags: Parameters<typeof this.session>[0], rules: AgentRules): Promise<OnceResult> {
    const result = await this.inSession(flags, async (session) => registerOnce(rules, await this.engine(flags), session));
    for (const { container, problem } of result.problems) this.caution(`${container}: ${problem}`);
    for (const note of result.notes) this.caution(note);
    if (result.problems.length > 0) this.endWith('partial');
    this.print(renderOnce(result, this.style.stdout));
    return result;
  }

  /** What was done is the result; the rest is said beside it. */
  #tell(entry: AgentEntry): void {
    const time = new Date().toISOString();
    if (this.jsonEnabled()) return this.logJson({ time, ...entry });
    const isChange = 'path' in entry;
    const style = isChange ? this.style.stdout : this.style.stderr;
    const line = renderAgentEntry(entry, time, style);
    if (isChange) this.print(line);
    else this.talk(line);
  }
}
