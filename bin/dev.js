#!/usr/bin/env node
// The same as run.js on the TypeScript sources: an incremental build first, since oclif would load a stale `dist` silently.
import { execFileSync } from 'node:child_process';
import { execute } from '@oclif/core/execute';

const root = new URL('..', import.meta.url).pathname;
try {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
} catch (error) {
  process.stderr.write(`${error.stdout ?? ''}${error.stderr ?? ''}`);
  process.exit(1);
}
await execute({ dir: import.meta.url });
