// Measuring in turn: A B A B ..., so that both see the same machine; medians, and the ratio of medians.
import { spawn } from 'node:child_process';

/** Milliseconds from spawning a process to its end. Rejects where it does not end with 0, since a failure is no measurement. */
export function timeProcess(command, args, env = {}) {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
    let stderr = '';
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      const tookMs = performance.now() - startedAt;
      if (code === 0) resolve(tookMs);
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}\n${stderr}`));
    });
  });
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Runs both in turn `rounds` times after one uncounted round each, and tells the figures. `limit` is the ratio not to exceed. */
export async function compare({ name, baseline, subject, measureBaseline, measureSubject, rounds, limit }) {
  const samples = { baseline: [], subject: [] };
  for (let round = 0; round <= rounds; round += 1) {
    const [a, b] = [await measureBaseline(), await measureSubject()];
    if (round === 0) continue;
    samples.baseline.push(a);
    samples.subject.push(b);
  }
  const figures = { baselineMs: median(samples.baseline), subjectMs: median(samples.subject) };
  const ratio = figures.subjectMs / figures.baselineMs;
  return { name, baseline, subject, rounds, ...figures, ratio, limit, met: ratio <= limit, samples };
}
