/**
 * A command run inside a container with its streams attached, for as long as it runs.
 * The connection is taken over for the streams, so that input can end while output goes on; resizing and signals are calls of their own.
 * The engine has no call that signals a command: a second command looks for the first one inside, by a variable that only it was given.
 */
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { environment } from './docker-containers.js';
import { isRefused, toZkdError, unlessRefused } from './docker-errors.js';
import type { Attempt } from './docker-errors.js';
import { exitCodeOf, runInside } from './docker-exec.js';
import type { DockerHttp } from './docker-http.js';
import { frames } from './docker-streams.js';
import type { AttachedExec, AttachedExecOptions, ExecEnd, OutputChunk, TerminalSize } from './engine.js';

/** How the engine says that a command could not be started: as its output, with 126 for every cause. */
const START_FAILURE = /^OCI runtime exec failed: |^starting container process caused|^exec failed: /i;
const NOT_THERE = /executable file not found|no such file or directory/i;

/** The variable a command is found by. */
const MARK = 'ZKD_EXEC';

/**
 * Signals the process that the engine started with the mark and the group it leads. What the engine starts has no parent inside; what that
 * starts has the mark too, but a parent. Exits 3 where there is none.
 */
const SIGNAL_SCRIPT = `
for folder in /proc/[0-9]*; do
  grep -q '^PPid:[[:space:]]*0$' "$folder/status" 2>/dev/null || continue
  tr '\\0' '\\n' 2>/dev/null <"$folder/environ" | grep -qx "$1" || continue
  pid=\${folder#/proc/}
  kill -s "$2" -- "-$pid" 2>/dev/null || kill -s "$2" "$pid"
  exit
done
exit 3`;

/** A command that has only been asked for cannot be resized yet; the engine has no better way to tell when it can. */
const RESIZE_ATTEMPTS = 50;
const RESIZE_PAUSE_MS = 20;

/** Starts a command. Rejects with the engine's refusal where the container does not run; what fails later is translated by `attempt`. */
export async function attachInside(http: DockerHttp, id: string, options: AttachedExecOptions, attempt: Attempt): Promise<AttachedExec> {
  const { command, user, env, hasInput, terminal } = options;
  const mark = randomBytes(8).toString('hex');
  const body = {
    Cmd: command,
    AttachStdin: hasInput,
    AttachStdout: true,
    AttachStderr: true,
    Tty: terminal !== undefined,
    ...(user !== undefined && { User: user }),
    Env: environment({ ...env, [MARK]: mark }),
  };
  const { Id: exec } = await http.json<{ Id: string }>({ method: 'POST', path: ['containers', id, 'exec'], body });
  const start = { Detach: false, Tty: terminal !== undefined };
  const connection = await http.hijack({ method: 'POST', path: ['exec', exec, 'start'], body: start });
  const attached = new DockerAttachedExec(http, exec, connection, { container: id, options, mark, attempt });
  // The size is for later looks of the command: it may already have had a first one.
  if (terminal) attached.resize(terminal).catch(() => undefined);
  return attached;
}

interface Started {
  readonly container: string;
  readonly options: AttachedExecOptions;
  readonly mark: string;
  readonly attempt: Attempt;
}

class DockerAttachedExec implements AttachedExec {
  readonly output: AsyncIterable<OutputChunk>;
  readonly #http: DockerHttp;
  readonly #exec: string;
  readonly #connection: Duplex;
  readonly #started: Started;
  #startError: string | null = null;
  #resizes: Promise<void> = Promise.resolve();

  constructor(http: DockerHttp, exec: string, connection: Duplex, started: Started) {
    this.#http = http;
    this.#exec = exec;
    this.#connection = connection;
    this.#started = started;
    // Whoever reads gets the error from the reading.
    connection.on('error', () => undefined);
    this.output = this.#read();
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (this.#connection.destroyed || this.#connection.writableEnded) resolve();
      else this.#connection.write(bytes, () => resolve());
    });
  }

  endInput(): void {
    this.#connection.end();
  }

  resize(size: TerminalSize): Promise<void> {
    // One after the other: the last size is the one that stays.
    this.#resizes = this.#resizes.catch(() => undefined).then(() => this.#translated(() => this.#resize(size)));
    return this.#resizes;
  }

  signal(name: string): Promise<boolean> {
    const { container, options, mark } = this.#started;
    const command = ['sh', '-c', SIGNAL_SCRIPT, 'zkd-signal', `${MARK}=${mark}`, name];
    return this.#translated(async () => {
      const found = runInside(this.#http, container, { command, ...(options.user !== undefined && { user: options.user }) });
      return (await unlessRefused(found, /is not running|no such container/i))?.exitCode === 0;
    });
  }

  end(): Promise<ExecEnd> {
    return this.#translated(async () => {
      const exitCode = await exitCodeOf(this.#http, this.#exec);
      if (this.#startError === null) return { exitCode, startError: null };
      return { exitCode: NOT_THERE.test(this.#startError) ? 127 : 126, startError: this.#startError };
    });
  }

  close(): void {
    this.#connection.destroy();
  }

  async *#read(): AsyncGenerator<OutputChunk, void, undefined> {
    const source = this.#connection as AsyncIterable<Buffer>;
    try {
      yield* this.#withoutStartFailure(this.#started.options.terminal ? screen(source) : frames(source));
    } catch (error) {
      throw toZkdError(error, this.#started.attempt);
    }
  }

  /** Output that is nothing but the engine's complaint is none of the command's. */
  async *#withoutStartFailure(output: AsyncIterable<OutputChunk>): AsyncGenerator<OutputChunk, void, undefined> {
    let suspect: OutputChunk | undefined;
    let isFirst = true;
    for await (const chunk of output) {
      if (suspect) yield suspect;
      suspect = isFirst && START_FAILURE.test(chunk.data.toString('utf8', 0, 100)) ? chunk : undefined;
      isFirst = false;
      if (!suspect) yield chunk;
    }
    if (!suspect) return;
    if ((await exitCodeOf(this.#http, this.#exec)) < 126) yield suspect;
    else this.#startError = suspect.data.toString('utf8').trim();
  }

  async #resize({ columns, rows }: TerminalSize): Promise<void> {
    const call = { method: 'POST', path: ['exec', this.#exec, 'resize'], query: { w: columns, h: rows } } as const;
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#http.done(call);
        return;
      } catch (error) {
        if (this.#connection.destroyed || this.#connection.readableEnded) return;
        const isTooEarly = isRefused(error, /not started|no such process|cannot resize a stopped|exec process/i);
        if (!isTooEarly || attempt >= RESIZE_ATTEMPTS) throw error;
        await delay(RESIZE_PAUSE_MS);
      }
    }
  }

  async #translated<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw toZkdError(error, this.#started.attempt);
    }
  }
}

async function* screen(source: AsyncIterable<Buffer>): AsyncGenerator<OutputChunk, void, undefined> {
  for await (const data of source) yield { stream: 'stdout', data };
}
