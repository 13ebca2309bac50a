/**
 * Progress of long work, on stderr: a live list of steps on a TTY; elsewhere one line when a step starts and one when it ends, and a
 * heartbeat in long waits.
 */
import { formatDurationMs } from '../runtime/quantities.js';
import type { Output } from './ports.js';
import { createRedraw } from './redraw.js';
import type { Style } from './style.js';

/** What running work tells its observer. Rooms call it; they never write themselves. */
export interface Progress {
  start(step: string): void;
  /** `note` says what came of it, e.g. the cause of a failure. */
  end(step: string, outcome: 'done' | 'failed', note?: string): void;
  /** What a step that is under way waits for now. */
  update(step: string, note: string): void;
  /** Says a line of its own that stays: above a live list, which is drawn again below it. */
  say(line: string): void;
  /** Ends all drawing, leaves the steps on the screen, and those that did not end as stopped. Safe to repeat. */
  close(): void;
}

export const SILENT_PROGRESS: Progress = { start() {}, end() {}, update() {}, say() {}, close() {} };

interface Step {
  readonly startedAt: number;
  outcome: 'running' | 'done' | 'failed' | 'stopped';
  note: string;
  tookMs: number;
}

const HEARTBEAT_MS = 10_000;
const FRAME_MS = 120;
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** Lines for logs and CI: `start` and `end` once each, a heartbeat every ten seconds while something runs. */
export function createLineProgress(write: (line: string) => void): Progress {
  const running = new Map<string, Step>();
  const heartbeat = setInterval(() => {
    for (const [step, { startedAt, note }] of running) {
      write(`${step}: still at it (${formatDurationMs(performance.now() - startedAt)})${note ? `: ${note}` : ''}`);
    }
  }, HEARTBEAT_MS);
  heartbeat.unref();
  return {
    start(step) {
      running.set(step, { startedAt: performance.now(), outcome: 'running', note: '', tookMs: 0 });
      write(`${step} ...`);
    },
    end(step, outcome, note = '') {
      const tookMs = performance.now() - (running.get(step)?.startedAt ?? performance.now());
      running.delete(step);
      write(`${step}: ${outcome} (${formatDurationMs(tookMs)})${note ? `: ${note}` : ''}`);
    },
    update(step, note) {
      const current = running.get(step);
      if (current) current.note = note;
    },
    say: write,
    close: () => clearInterval(heartbeat),
  };
}

/** A list of steps redrawn in place. */
export async function createLiveProgress(stream: Output, style: Style): Promise<Progress> {
  const redraw = await createRedraw(stream);
  const steps = new Map<string, Step>();
  let frame = 0;
  let isClosed = false;
  const render = (): void => {
    if (steps.size === 0) return;
    const marks = {
      done: style.good('✓'),
      failed: style.bad('✗'),
      stopped: style.faint('-'),
      running: FRAMES[frame % FRAMES.length] ?? '',
    };
    const lines = [...steps].map(([name, step]) => {
      const mark = marks[step.outcome];
      const took = step.outcome === 'running' ? performance.now() - step.startedAt : step.tookMs;
      return `${mark} ${name} ${style.faint(formatDurationMs(took))}${step.note ? style.faint(`  ${step.note}`) : ''}`;
    });
    redraw.draw(lines.join('\n'));
  };
  const timer = setInterval(() => {
    frame += 1;
    render();
  }, FRAME_MS);
  timer.unref();
  return {
    start(step) {
      if (isClosed) return;
      steps.set(step, { startedAt: performance.now(), outcome: 'running', note: '', tookMs: 0 });
      render();
    },
    end(step, outcome, note = '') {
      const current = steps.get(step);
      if (!current || isClosed) return;
      Object.assign(current, { outcome, note, tookMs: performance.now() - current.startedAt });
      render();
    },
    update(step, note) {
      const current = steps.get(step);
      if (current) current.note = note;
    },
    say(line) {
      if (!isClosed && steps.size > 0) redraw.clear();
      stream.write(`${line}\n`);
      if (!isClosed) render();
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      clearInterval(timer);
      for (const step of steps.values()) {
        if (step.outcome === 'running') Object.assign(step, { outcome: 'stopped', tookMs: performance.now() - step.startedAt });
      }
      render();
      redraw.done();
    },
  };
}
