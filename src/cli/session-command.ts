/**
 * What commands that talk to ZooKeeper share: which one is meant, and a session that is closed however the command ends. With a connection
 * string no container engine is opened; the rooms around the engine load only where one is.
 */
import { hasReason, ZkdError } from '../errors.js';
import { unlessAborted } from '../runtime/interruption.js';
import {
  parseConnectString,
  parseServerStatus,
  type ConnectTarget,
  type ServerAddress,
  type ZooKeeperSession,
} from '../zookeeper/index.js';
import { ZkdCommand } from './base-command.js';
import { engineFlags, type EngineFlagValues } from './flags/engine.js';
import {
  parseCredentials,
  readCredentials,
  sessionFlags,
  type Credentials,
  type OtherSideFlagValues,
  type SessionFlagValues,
} from './flags/session.js';
import { askChoice, askConsent } from './prompt.js';

/** What nobody has to wait longer for. */
const PATIENCE_MS = 1000;

type Flags = SessionFlagValues & EngineFlagValues;

interface Named {
  readonly connect: ConnectTarget | undefined;
  readonly cluster: string | undefined;
  /** The two flags, without dashes. */
  readonly names: readonly [connect: string, cluster: string];
}

export abstract class SessionCommand<Result extends object> extends ZkdCommand<Result> {
  static override baseFlags = { ...ZkdCommand.baseFlags, ...sessionFlags, ...engineFlags };

  readonly #sessions: Promise<ZooKeeperSession>[] = [];
  /** The ensembles' names, by the flag that would say them. */
  readonly #chosen = new Map<string, string>();
  #servers: readonly ServerAddress[] = [];
  /** Its sessions, and what is ephemeral in them, live on until their time is up; the process ends with the command. */
  protected leavesSessions = false;

  /** Does the work in a session with the ensemble the flags name. SIGINT and SIGTERM end the wait for it; the session is closed then. */
  protected async inSession<T>(flags: Flags, work: (session: ZooKeeperSession, signal: AbortSignal) => Promise<T>): Promise<T> {
    const signal = this.interruption();
    const whole = async (): Promise<T> => {
      const session = await this.session(flags);
      return work(session, signal).catch(async (error: unknown) => {
        throw await unlessChroot(error, session);
      });
    };
    return unlessAborted(whole(), signal);
  }

  /** A session with the ensemble the flags name; it is closed at the end of the command. */
  protected async session(flags: Flags): Promise<ZooKeeperSession> {
    const authFile = flags['auth-file'];
    const variable = this.ports.env['ZKD_AUTH'] ?? '';
    const auth = authFile === undefined ? parseCredentials(variable, 'ZKD_AUTH') : await readCredentials(authFile);
    const { connect, cluster } = flags;
    return this.#open(flags, await this.#target(flags, { connect, cluster, names: ['connect', 'cluster'] }), auth);
  }

  /** A session with the ensemble of the second path, or undefined where it is the first one's. */
  protected async otherSession(flags: Flags & OtherSideFlagValues): Promise<ZooKeeperSession | undefined> {
    const { 'to-connect': connect, 'to-cluster': cluster, 'to-auth-file': authFile } = flags;
    if (connect === undefined && cluster === undefined) {
      if (authFile === undefined) return undefined;
      throw new ZkdError('usage', '--to-auth-file is for another ZooKeeper: name it with --to-connect or --to-cluster');
    }
    const auth = authFile === undefined ? [] : await readCredentials(authFile);
    const target = await this.#target(flags, { connect, cluster, names: ['to-connect', 'to-cluster'] });
    return this.#open(flags, target, auth).catch((error: unknown) => {
      throw ofOtherSide(error);
    });
  }

  /** Agreement, by `--yes` or by a person; `usage` where nobody can be asked. */
  protected async consent(isGiven: boolean, question: string): Promise<void> {
    if (isGiven) return;
    if (!this.terminal.interactive) {
      throw new ZkdError('usage', `Nobody can be asked: ${question} Agree with --yes`, { suggestions: ['--yes'] });
    }
    if (!(await askConsent(question))) throw new ZkdError('refused', 'Not done: nobody agreed', { details: { flag: '--yes' } });
  }

  /** The newest transaction any server of the last session says it has reached, within a second; null where none says. */
  protected async readZxid(): Promise<string | null> {
    const told = this.#servers.map(async (address) => {
      const answer = await this.ports.askFourLetterWord(address, 'srvr', { timeoutMs: PATIENCE_MS, signal: this.interruption() });
      return parseServerStatus(answer).zxid ?? 0n;
    });
    const zxids = (await Promise.allSettled(told)).map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : 0n));
    const newest = zxids.reduce((most, zxid) => (zxid > most ? zxid : most), 0n);
    return newest > 0n ? `0x${newest.toString(16)}` : null;
  }

  /** Whether the flag itself was typed: a variable gives way to an argument, a typed flag does not. */
  protected isTyped(name: string, letter?: string): boolean {
    return this.argv.some(
      (arg) => arg === `--${name}` || arg.startsWith(`--${name}=`) || (letter !== undefined && arg.startsWith(`-${letter}`)),
    );
  }

  async #open(flags: Flags, { servers, chroot }: ConnectTarget, auth: Credentials): Promise<ZooKeeperSession> {
    this.#servers = servers;
    const opening = this.ports.openSession({
      servers,
      ...(chroot !== null && { chroot }),
      sessionTimeoutMs: flags['session-timeout'],
      timeoutMs: flags.timeout,
      signal: this.interruption(),
      ...(auth.length > 0 && { auth }),
    });
    this.#sessions.push(opening);
    return opening;
  }

  /** The name of the ensemble the flags mean, or undefined where they give a connection string. */
  protected async clusterMeant(flags: Flags): Promise<string | undefined> {
    const { connect, cluster } = flags;
    return this.#clusterOf(flags, { connect, cluster, names: ['connect', 'cluster'] });
  }

  async #target(flags: Flags, named: Named): Promise<ConnectTarget> {
    const name = await this.#clusterOf(flags, named);
    if (name === undefined) return named.connect as ConnectTarget;
    const { readEnvironment } = await import('../cluster/index.js');
    return parseConnectString((await readEnvironment(await this.engine(flags), name)).ZKD_CONNECT);
  }

  /** Flag before variable; of the variables the connection string, which needs no engine: undefined then. */
  async #clusterOf(flags: Flags, { connect, cluster, names }: Named): Promise<string | undefined> {
    const [isConnectTyped, isClusterTyped] = [this.isTyped(names[0]), this.isTyped(names[1])];
    if (isConnectTyped && isClusterTyped) {
      throw new ZkdError('usage', `Two ensembles are named: give --${names[0]} or --${names[1]}, not both`);
    }
    if (connect !== undefined && !isClusterTyped) return undefined;
    const { selectCluster } = await import('../cluster/index.js');
    // Who was asked once is not asked again when the session is opened anew.
    const name =
      this.#chosen.get(names[1]) ??
      (await selectCluster(() => this.engine(flags), {
        argument: undefined,
        flag: cluster,
        isFlagTyped: isClusterTyped,
        ask: this.terminal.interactive ? (all) => askChoice('Which ensemble?', all) : undefined,
        mustBeSaid: false,
      }).catch((error: unknown) => {
        throw cluster === undefined ? orConnect(error, names[0]) : error;
      }));
    this.#chosen.set(names[1], name);
    return name;
  }

  override async finally(): Promise<void> {
    // Who was interrupted while reading it does not wait for its end.
    this.ports.stdin.unref?.();
    // A session that is closed ends, and the client of one that is not keeps the process alive.
    if (this.leavesSessions) {
      await super.finally();
      process.exit();
    }
    await Promise.all(
      this.#sessions.map((opening) =>
        opening.then(
          (session) => session.close(),
          () => undefined,
        ),
      ),
    );
    await super.finally();
  }
}

/** A node that is missing may be so because all of the session's tree is. */
async function unlessChroot(error: unknown, session: ZooKeeperSession): Promise<unknown> {
  const { chroot } = session;
  if (chroot === null || !hasReason(error, 'no-node')) return error;
  const root = await session.exists('/').catch(() => undefined);
  if (root !== null) return error;
  return new ZkdError('not-found', `The chroot "${chroot}" of the connection string does not exist`, {
    cause: error,
    suggestions: [`zkd znode create ${chroot} --parents, connected without the chroot`],
    details: { reason: 'no-node', path: chroot },
  });
}

/** The flag that named the servers is the other one. */
function ofOtherSide(error: unknown): unknown {
  if (!(error instanceof ZkdError)) return error;
  const { code, message, cause, details } = error;
  const suggestions = error.suggestions.map((text) => text.replace('--connect, or ZKD_CONNECT', '--to-connect, or ZKD_TO_CONNECT'));
  return new ZkdError(code, message, { cause, details, suggestions });
}

/** Nobody named an ensemble, and none is found: it need not be one of this engine. */
function orConnect(error: unknown, flag: string): unknown {
  if (!(error instanceof ZkdError) || error.code === 'interrupted') return error;
  const { code, message, cause, suggestions, details } = error;
  return new ZkdError(code, message, { cause, details, suggestions: [...suggestions, `--${flag} HOST:PORT`] });
}
