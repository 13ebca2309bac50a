// Loaded into a process that is measured (`node --import`): writes the most memory it ever had resident, in MB, where ZKD_BENCH_PEAK says.
import { readFileSync, writeFileSync } from 'node:fs';

process.on('exit', () => {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  writeFileSync(process.env.ZKD_BENCH_PEAK, String(Number(kilobytes) / 1024));
});
