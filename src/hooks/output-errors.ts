/**
 * What happens where stdout or stderr cannot be written, before anything is. Talk nobody reads must not stop the work, and a reader of
 * the result that went away (`zkd cluster ps | head -1`) changes no exit code. A result that is lost otherwise, as on a full disk, is a
 * failure, whatever the command answered; the work is not cut off in the middle.
 * Runs at the start, and again once a command is loaded: with it comes oclif's own listener, which throws all but EPIPE.
 */
import type { Hook } from '@oclif/core/hooks';
import { exitNumber } from '../exit-codes.js';

function onResultLost(error: NodeJS.ErrnoException): void {
  // After its first error the stream refuses what else is written.
  if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') return;
  if (process.listeners('exit').includes(endAsFailure)) return;
  process.once('exit', endAsFailure);
  process.stderr.write(`Error: Cannot write to stdout: ${error.message}\n`);
}

function endAsFailure(): void {
  process.exitCode = exitNumber('failure');
}

const ignore = (): void => undefined;

const hook: Hook<'init' | 'prerun'> = async function () {
  process.stdout.removeAllListeners('error').on('error', onResultLost);
  process.stderr.off('error', ignore).on('error', ignore);
};

export default hook;
