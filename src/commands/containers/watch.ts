import { string as stringArg } from '@oclif/core/args';
import { rootFlag } from '../../cli/flags/registry.js';
import { written } from '../../cli/flow.js';
import { RegistryCommand } from '../../cli/registry-command.js';
import { renderRegistrationEvent } from '../../cli/render/registration.js';
import type { ZkdError } from '../../errors.js';
import type { ExitCodeName } from '../../exit-codes.js';
import { watchRegistrations, type RegistrationEvent } from '../../registry/index.js';

/** What is streamed is the result: nothing is to be added to it. */
type Streamed = Record<string, never>;

export default class ContainersWatch extends RegistryCommand<Streamed> {
  static override exits: readonly ExitCodeName[] = ['zookeeper-unavailable', 'denied'];
  static override summary = 'Tell what happens to registered containers.';
  static override description = `A line for each change from now on, until Ctrl-C (exit 130): up where an instance is registered, down where it is no more, changed where its record says something else, or where it may be used now or not any more. With --json each line is a document. A service that is not there yet is waited for.
What happened while the connection was away is told when it is back, as the difference of the states. Ends with 6 when the session is gone and cannot be made anew.`;
  static override examples = [
    { description: 'All services', command: '<%= config.bin %> containers watch' },
    { description: 'The next change of one, for a script', command: '<%= config.bin %> containers watch web --json | head -1' },
  ];
  static override args = { service: stringArg({ description: 'Only this service.', ignoreStdin: true }) };
  static override flags = { ...rootFlag };

  override async init(): Promise<void> {
    this.isStream = true;
    await super.init();
  }

  async run(): Promise<Streamed> {
    const { args, flags } = await this.parse(ContainersWatch);
    const signal = this.interruption();
    const events = watchRegistrations(
      { root: flags.root, service: args.service },
      {
        open: () => this.session(flags),
        signal,
        view: () => this.engineView(flags),
        onRegistered: ({ length }) => this.talk(`Watching: ${length} registered`),
        onConnection: (isThere) => this.talk(isThere ? 'Connected again' : 'The connection is gone: waiting for it'),
        onDenied: (denied) => this.caution(`"${denied}" may not be read and is not watched`),
      },
    );
    try {
      for await (const event of events) if (!(await this.#tell(event))) break;
    } catch (error) {
      // Ctrl-C is how watching ends.
      if (this.jsonEnabled() || error !== signal.reason) throw error;
      this.endWith((error as ZkdError).code);
    }
    return {};
  }

  /** False where nobody reads any more. */
  #tell(event: RegistrationEvent): Promise<boolean> {
    const { type, time, registration } = event;
    const line = this.jsonEnabled() ? JSON.stringify({ type, time, registration }) : renderRegistrationEvent(event, this.style.stdout);
    return written(this.ports.stdout, `${line}\n`);
  }
}
