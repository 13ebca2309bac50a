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

/** Runs both in turn `rounds` times after one uncounted round each, and tells the figures. `limit` is the ratio not to exceed, if there is one. */
export async function compare({ measureBaseline, measureSubject, ...comparison }) {
  const measure = async () => [await measureBaseline(), await measureSubject()];
  const [figures] = await compareSeveral({ comparisons: [comparison], rounds: comparison.rounds, measure });
  return figures;
}

/**
 * Several comparisons out of the same rounds: `measure` answers a baseline and a subject for each, flat, in the order of the comparisons. With
 * `isWarm` no round goes uncounted. `unit` of a comparison is ms where nothing is said.
 */
export async function compareSeveral({ comparisons, rounds, measure, isWarm = false }) {
  const samples = comparisons.map(() => ({ baseline: [], subject: [] }));
  for (let round = isWarm ? 1 : 0; round <= rounds; round += 1) {
    const times = await measure();
    if (round === 0) continue;
    samples.forEach(({ baseline, subject }, index) => {
      baseline.push(times[2 * index]);
      subject.push(times[2 * index + 1]);
    });
  }
  return comparisons.map((comparison, index) => {
    const { baseline, subject } = samples[index];
    const figures = { baselineMedian: median(baseline), subjectMedian: median(subject) };
    const ratio = figures.subjectMedian / figures.baselineMedian;
    return { unit: 'ms', ...comparison, rounds, ...figures, ratio, met: ratio <= (comparison.limit ?? Infinity), samples: samples[index] };
  });
}
