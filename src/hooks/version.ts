/** `zkd --version --json`: oclif prints its own line for `--version`, and looks at nothing that stands behind. */
import type { Hook } from '@oclif/core/hooks';
import { asksForJson } from '../cli/flags/output.js';
import { portsOf } from '../cli/ports.js';

const hook: Hook.Init = async function ({ id, argv, config }) {
  if (id !== '--version' || !asksForJson(argv)) return;
  const document = { version: config.version, node: process.version, platform: `${config.platform}-${config.arch}` };
  await new Promise((resolve) => portsOf(config).stdout.write(`${JSON.stringify(document, null, 2)}\n`, resolve));
  // oclif takes no notice of a hook that ends with 0 in its own way.
  process.exit();
};

export default hook;
