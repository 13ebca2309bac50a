import { string as stringArg } from '@oclif/core/args';
import { boolean } from '@oclif/core/flags';
import { findFollowers, keepBalancers, syncAll, type Synced, type SyncedBalancer } from '../../balancer/index.js';
import { written } from '../../cli/flow.js';
import { renderSynced } from '../../cli/render/balancer.js';
import { SessionCommand } from '../../cli/session-command.js';
import { messageOf, type ZkdError } from '../../errors.js';
import type { ExitCodeName } from '../../exit-codes.js';
import { identifyRegistry } from '../../registry/index.js';

interface SyncResult {
  readonly balancers: readonly SyncedBalancer[];
}

export default class LbSync extends SessionCommand<SyncResult> {
  static override exits: readonly ExitCodeName[] = ['not-found', 'engine-unavailable', 'zookeeper-unavailable', 'partial', 'denied'];
  static override summary = 'Bring load balancers in step with what is registered.';
  static override description = `One pass over the balancers on this engine that follow this registry, those of the named services or containers, and exit 9 where one could not be brought in step. Servers change through HAProxy's socket; it reloads only where there are more of them than slots. What vanished all at once is held, see zkd lb up --hold. Without a registry nothing is changed (exit 6).
With --watch it goes on until Ctrl-C (exit 130), a line for each change: at every change of the registry, for balancers made meanwhile too, through lost connections to the engine and the ensemble. zkd containers agent does the same, so one of them is enough.`;
  static override examples = [
    { description: 'All of them, once', command: '<%= config.bin %> lb sync' },
    { description: 'Those of one service, for as long as it runs', command: '<%= config.bin %> lb sync web --watch' },
  ];
  static override args = {
    name: stringArg({ description: 'Services, or names of containers; all where absent.', multiple: true, ignoreStdin: true }),
  };
  static override flags = { watch: boolean({ summary: 'Go on, until Ctrl-C.' }) };

  async run(): Promise<SyncResult> {
    const { args, flags } = await this.parse(LbSync);
    const names = args.name ?? [];
    if (flags.watch) return this.#watch(flags, names);
    const balancers = await this.inSession(flags, async (session) => {
      const engine = await this.engine(flags);
      return syncAll(session, engine, { registryId: await identifyRegistry(session), names, windowMs: session.timeoutMs });
    });
    for (const { name, servers, error } of balancers) {
      if (servers) this.#show(name, servers);
      else this.caution(`${name}: ${error}`);
    }
    if (balancers.length === 0) this.talk('No balancer on this engine follows this registry');
    if (balancers.some(({ error }) => error !== null)) this.endWith('partial');
    return { balancers };
  }

  #show(name: string, servers: Synced): void {
    this.print(renderSynced(name, servers, this.style.stdout));
    for (const address of servers.leftOut) this.caution(`${name}: "${address}" is registered and leads nowhere from the balancer`);
  }

  async #watch(flags: Parameters<LbSync['session']>[0], names: readonly string[]): Promise<SyncResult> {
    this.isStream = true;
    const signal = this.interruption();
    const engine = await this.engine(flags);
    const { registryId, windowMs } = await this.inSession(flags, async (session) => {
      const id = await identifyRegistry(session);
      const followers = await findFollowers(engine, { registryId: id, names });
      this.talk(`Watching: ${followers.length} balancer${followers.length === 1 ? '' : 's'}`);
      return { registryId: id, windowMs: session.timeoutMs };
    });
    const over = new AbortController();
    await keepBalancers({
      engine,
      open: () => this.session(flags),
      registryId,
      windowMs,
      isMeant: ({ name, birth }) => names.length === 0 || names.includes(name) || names.includes(birth.service),
      signal: AbortSignal.any([signal, over.signal]),
      log: {
        synced: ({ name, birth }, synced) => {
          const line = this.jsonEnabled()
            ? JSON.stringify({ time: new Date().toISOString(), name, service: birth.service, changed: true, servers: synced, error: null })
            : renderSynced(name, synced, this.style.stdout);
          void written(this.ports.stdout, `${line}\n`).then((isRead) => (isRead ? undefined : over.abort()));
        },
        failed: (name, error) => this.caution(`${name}: ${messageOf(error)}`),
        recovered: (name) => this.talk(`${name}: well again`),
        connection: (isThere) => this.talk(isThere ? 'Connected again' : 'The connection is gone: the servers stay as they are'),
      },
    });
    if (signal.aborted) {
      // Ctrl-C is how watching ends.
      if (this.jsonEnabled()) throw signal.reason;
      this.endWith((signal.reason as ZkdError).code);
    }
    return { balancers: [] };
  }
}
