/** Says that a command does not exist and which one may have been meant. It never asks and never runs its guess. */
import type { Hook } from '@oclif/core/hooks';
import { formatFailure, toFailure, unknownCommand } from '../cli/failure.js';
import { asksForJson } from '../cli/flags/output.js';
import { portsOf } from '../cli/ports.js';
import { loadStyle } from '../cli/style.js';
import { describeTerminal } from '../cli/terminal.js';

const hook: Hook.CommandNotFound = async function ({ id, argv = [], config }) {
  const { env, stdin, stdout, stderr } = portsOf(config);
  const typed = id.replaceAll(':', ' ');
  const error = unknownCommand(typed, config);
  const words = typed.startsWith('-') ? [typed, ...argv] : argv;
  const json = asksForJson(words);
  const failure = toFailure(error, typed, []);
  if (json) {
    stdout.write(`${JSON.stringify({ error: failure }, null, 2)}\n`);
  } else {
    const { color } = describeTerminal({ env, stdin, stdout, stderr, json, noColor: words.includes('--no-color'), quiet: false });
    stderr.write(`${formatFailure(failure, error, await loadStyle(color.stderr))}\n`);
  }
  process.exitCode = failure.exitCode;
};

export default hook;
