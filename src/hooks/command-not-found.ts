/** Says that a command does not exist and which one may have been meant. It never asks and never runs its guess. */
import type { Hook } from '@oclif/core/hooks';
import { ZkdError } from '../errors.js';
import { formatFailure, toFailure } from '../cli/failure.js';
import { nearest } from '../cli/nearest.js';
import { portsOf } from '../cli/ports.js';
import { loadStyle } from '../cli/style.js';
import { describeTerminal } from '../cli/terminal.js';

const hook: Hook.CommandNotFound = async function ({ id, argv = [], config }) {
  const { env, stdin, stdout, stderr } = portsOf(config);
  const typed = id.replaceAll(':', ' ');
  const known = config.commands.filter((command) => !command.hidden).map((command) => command.id.replaceAll(':', ' '));
  const meant = nearest(typed, known).map((command) => `zkd ${command}`);
  const topic = config.topics.find(({ name }) => typed.startsWith(`${name.replaceAll(':', ' ')} `))?.name;
  const error = new ZkdError('usage', `Unknown command: zkd ${typed}`, {
    suggestions: [...meant, topic ? `zkd ${topic.replaceAll(':', ' ')} --help` : 'zkd --help'],
  });
  const words = typed.startsWith('-') ? [typed, ...argv] : argv;
  const cut = words.indexOf('--');
  const json = (cut === -1 ? words : words.slice(0, cut)).includes('--json');
  const failure = toFailure(error, typed, []);
  if (json) {
    stdout.write(`${JSON.stringify({ error: failure }, null, 2)}\n`);
  } else {
    const { color } = describeTerminal({ env, stdin, stdout, stderr, json, noColor: words.includes('--no-color') });
    stderr.write(`${formatFailure(failure, error, await loadStyle(color.stderr))}\n`);
  }
  process.exitCode = failure.exitCode;
};

export default hook;
