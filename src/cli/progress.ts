/**
 * Progress of long work, on stderr: a live list of steps on a TTY; elsewhere one line when a step starts and one when it ends, and a
 * heartbeat in long waits.
 */
import type { createLogUpdate } from 'log-update';
import { formatDurationMs } from '../runtime/quantities.js';
import type { Style } from './style.js';

/** What running work tells its observer. Rooms call it; they never write themselves. */
export interface Progress {
  start(step: string): void;
  /** `note` says what came of it, e.g. the cause of a failure. */
  end(step: string, outcome: 'done' | 'failed', note?: string): void;
  /** What a step that is under way waits for now. */
  update(step: string, note: string): void;
  /** Ends all drawing; leaves the finished steps on the screen. */
  close(): void;
}

export const SILENT_PROGRESS: Progress = { start() {}, end() {}, update() {}, close() {} };

interface Step {
  readonly startedAt: number;
  outcome: 'running' | 'done' | 'failed';
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
    close: () => clearInterval(heartbeat),
  };
}

/** A list of steps redrawn in place. Loads `log-update` for it. */
export async function createLiveProgress(stream: NodeJS.WriteStream, style: Style): Promise<Progress> {
  const logUpdate: { createLogUpdate: typeof createLogUpdate } = await import('log-update');
  const draw = logUpdate.createLogUpdate(stream);
  const steps = new Map<string, Step>();
  let frame = 0;
  const render = (): void => {
    const lines = [...steps].map(([name, step]) => {
      const mark =
        step.outcome === 'done' ? style.good('✓') : step.outcome === 'failed' ? style.bad('✗') : (FRAMES[frame % FRAMES.length] ?? '');
      const took = step.outcome === 'running' ? performance.now() - step.startedAt : step.tookMs;
      return `${mark} ${name} ${style.faint(formatDurationMs(took))}${step.note ? style.faint(`  ${step.note}`) : ''}`;
    });
    draw(lines.join('\n'));
  };
  const timer = setInterval(() => {
    frame += 1;
    render();
  }, FRAME_MS);
  timer.unref();
  return {
    start(step) {
      steps.set(step, { startedAt: performance.now(), outcome: 'running', note: '', tookMs: 0 });
      render();
    },
    end(step, outcome, note = '') {
      const current = steps.get(step);
      if (!current) return;
      Object.assign(current, { outcome, note, tookMs: performance.now() - current.startedAt });
      render();
    },
    update(step, note) {
      const current = steps.get(step);
      if (current) current.note = note;
    },
    close() {
      clearInterval(timer);
      if (steps.size > 0) render();
      draw.done();
    },
  };
}
