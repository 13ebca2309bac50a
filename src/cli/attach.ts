/**
 * A command inside a container on this process's own streams: byte for byte, no faster than they are read, with the keys and the size of the
 * terminal where there is one, and with the signals this process gets. The terminal is given back as it was, whatever happens.
 */
import type { AttachedExec, ExecEnd, TerminalSize } from '../engine/index.js';
import { onResize, passSignals, type PassedSignal } from '../runtime/passed-signals.js';
import { written } from './flow.js';
import type { Ports } from './ports.js';

type Streams = Pick<Ports, 'stdin' | 'stdout' | 'stderr'>;

export interface Attachment {
  /** Whether the command gets a terminal. */
  readonly isTerminal: boolean;
  /** Whether it is given this process's input. */
  readonly hasInput: boolean;
}

/** What is asked for, or what the streams are: a terminal where stdin and stdout are one; input where it is no terminal, or is all of one. */
export function attachment(asked: { readonly tty: boolean | undefined; readonly input: boolean }, { stdin, stdout }: Streams): Attachment {
  const isTerminal = asked.tty ?? (stdin.isTTY === true && stdout.isTTY === true);
  return { isTerminal, hasInput: asked.input || isTerminal || stdin.isTTY !== true };
}

export function terminalSize({ stdout, stderr }: Streams): TerminalSize {
  const { columns = 80, rows = 24 } = stdout.columns === undefined ? stderr : stdout;
  return { columns, rows };
}

/** Where a terminal goes away, its programs are told so; a shell in one does not even listen to TERM. */
const signalName = (signal: PassedSignal, { isTerminal }: Attachment): string =>
  isTerminal && signal === 'SIGTERM' ? 'HUP' : signal.replace(/^SIG/, '');

/** Ctrl-D: the end of input for a terminal. */
const END_OF_TRANSMISSION = '\u0004';

/**
 * Starts the command and stays with it to its end. Signals that come meanwhile are passed on to it; at the third one it is left to itself and
 * this rejects with `interrupted` or `terminated`. Where nobody reads its output any more it is sent PIPE, as a local one would be.
 */
export async function runAttached(start: () => Promise<AttachedExec>, streams: Streams, how: Attachment): Promise<ExecEnd> {
  const undos: (() => void)[] = [];
  const early: PassedSignal[] = [];
  let exec: AttachedExec | undefined;
  const send = (signal: PassedSignal): void => void exec?.signal(signalName(signal, how)).catch(() => undefined);
  const signals = passSignals((signal) => (exec ? send(signal) : early.push(signal)));
  try {
    const run = async (): Promise<ExecEnd> => {
      exec = await start();
      undos.push(takeTerminal(exec, streams, how));
      if (how.hasInput) undos.push(feed(exec, streams.stdin, how));
      for (const signal of early) send(signal);
      await drain(exec, streams);
      return exec.end();
    };
    return await Promise.race([run(), signals.exhausted]);
  } finally {
    signals.release();
    for (const undo of undos.reverse()) undo();
    exec?.close();
  }
}

/** Every key goes to the command, and every change of size; answers how to give the terminal back. */
function takeTerminal(exec: AttachedExec, streams: Streams, { isTerminal }: Attachment): () => void {
  if (!isTerminal) return () => undefined;
  const { stdin } = streams;
  const stopResizing = onResize(() => void exec.resize(terminalSize(streams)).catch(() => undefined));
  const restore = (): void => {
    if (stdin.isTTY) stdin.setRawMode?.(false);
  };
  if (stdin.isTTY) stdin.setRawMode?.(true);
  // However the process ends, the shell it came from gets its terminal back.
  process.once('exit', restore);
  return () => {
    process.off('exit', restore);
    restore();
    stopResizing();
  };
}

/** Hands input on as fast as it is taken; answers how to let go of it. */
function feed(exec: AttachedExec, stdin: Ports['stdin'], { isTerminal }: Attachment): () => void {
  let isOver = false;
  const onData = (chunk: Buffer | string): void => {
    stdin.pause();
    void exec.write(Buffer.from(chunk)).then(() => {
      if (!isOver) stdin.resume();
    });
  };
  const onEnd = (): void => {
    if (isTerminal) void exec.write(Buffer.from(END_OF_TRANSMISSION));
    else exec.endInput();
  };
  stdin.on('data', onData);
  stdin.on('end', onEnd);
  stdin.on('error', onEnd);
  stdin.resume();
  return () => {
    isOver = true;
    stdin.off('data', onData);
    stdin.off('end', onEnd);
    stdin.off('error', onEnd);
    stdin.pause();
    // What may still come keeps no process alive.
    stdin.unref?.();
  };
}

async function drain(exec: AttachedExec, { stdout, stderr }: Streams): Promise<void> {
  const gone = new Set<string>();
  for await (const { stream, data } of exec.output) {
    if (gone.has(stream)) continue;
    if (await written(stream === 'stderr' ? stderr : stdout, data)) continue;
    gone.add(stream);
    // Read on meanwhile: the engine tells of no command's end in a container, the signal's neither, while one that has ended has unread output.
    if (stream === 'stdout') exec.signal('PIPE').catch(() => undefined);
  }
}
