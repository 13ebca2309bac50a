/** What commands about registered containers share: the registry, joined with an engine where one answers. */
import { messageOf, ZkdError } from '../errors.js';
import type { EngineView, Registrations, RegistryQuery } from '../registry/index.js';
import { listRegistrations, viewEngine } from '../registry/index.js';
import type { ZooKeeperSession } from '../zookeeper/index.js';
import type { EngineFlagValues } from './flags/engine.js';
import { SessionCommand } from './session-command.js';

export abstract class RegistryCommand<Result extends object> extends SessionCommand<Result> {
  #isEngineAway = false;

  /**
   * Reads the registry and the engine at the same time. Where no engine answers the containers' states are not known, and that is said: a
   * registry is of use without one, too.
   */
  protected async registrations(flags: EngineFlagValues, session: ZooKeeperSession, query: RegistryQuery): Promise<Registrations> {
    const view = this.engineView(flags);
    const found = await listRegistrations(session, query, view);
    for (const warning of found.warnings) this.caution(warning);
    for (const path of found.denied) this.caution(`"${path}" is not shown: access control denies it`);
    if (found.denied.length > 0) this.endWith('partial');
    return found;
  }

  /** What the engine says of its containers; undefined where none answers, which is said once. */
  protected async engineView(flags: EngineFlagValues): Promise<EngineView | undefined> {
    try {
      const view = await viewEngine(await this.engine(flags));
      this.#isEngineAway = false;
      return view;
    } catch (error) {
      if (!(error instanceof ZkdError) || error.code !== 'engine-unavailable') throw error;
      if (!this.#isEngineAway) this.caution(`what became of the containers is not known: ${messageOf(error)}`);
      this.#isEngineAway = true;
      return undefined;
    }
  }
}
