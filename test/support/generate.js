// Makes the generated files from the built code: oclif.manifest.json, docs/exit-codes.md, docs/commands.md and the README's command list.
// `--check` changes nothing and fails where a committed one is stale.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Plugin } from '@oclif/core/config';

const root = new URL('../..', import.meta.url).pathname;
const read = (path) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '');

async function manifest() {
  // What `oclif manifest` does, less its start-up and its look for updates; a stale manifest would hide new commands, so it is ignored.
  const plugin = new Plugin({
    children: [],
    errorOnManifestCreate: true,
    ignoreManifest: true,
    respectNoCacheDefault: true,
    root,
    type: 'core',
  });
  await plugin.load();
  // oclif reads folders at the same time and lists commands as they come.
  const commands = Object.fromEntries(Object.entries(plugin.manifest.commands).sort(([a], [b]) => a.localeCompare(b)));
  return `${JSON.stringify({ ...plugin.manifest, commands }, null, 2)}\n`;
}

async function exitCodes() {
  const { EXIT_CODES } = await import(join(root, 'dist/exit-codes.js'));
  const rows = Object.entries(EXIT_CODES).map(([name, { number, meaning }]) => `| ${number} | ${name} | ${meaning} |`);
  return `# Exit codes\n\nGenerated from \`src/exit-codes.ts\`. With \`--json\` the name is \`error.code\`, the number \`error.exitCode\`.\n\n| code | name | when |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
}

const words = (id) => id.replaceAll(':', ' ');
const plain = (text) => (text ?? '').replaceAll('<%= config.bin %>', 'zkd');

function commandsOf(text) {
  return Object.values(JSON.parse(text).commands)
    .filter((command) => !command.hidden)
    .sort((a, b) => a.id.localeCompare(b.id));
}

function usage(command) {
  const args = Object.values(command.args).map((arg) => (arg.required ? arg.name.toUpperCase() : `[${arg.name.toUpperCase()}]`));
  return ['zkd', words(command.id), ...args].join(' ');
}

async function reference(text) {
  const { EXIT_CODES } = await import(join(root, 'dist/exit-codes.js'));
  const sections = commandsOf(text).map((command) => {
    const flags = Object.values(command.flags)
      .filter((flag) => !flag.hidden)
      .map((flag) => {
        const value = flag.type === 'option' ? ` ${flag.helpValue ?? (flag.options ? flag.options.join('|') : 'VALUE')}` : '';
        const name = `${flag.char ? `-${flag.char}, ` : ''}--${flag.allowNo ? '[no-]' : ''}${flag.name}${value}`;
        const escape = (cell) => plain(cell).replaceAll('|', '\\|');
        return `| \`${escape(name)}\` | ${flag.env ? `\`${flag.env}\`` : ''} | ${escape(flag.summary ?? flag.description)} |`;
      });
    const examples = (command.examples ?? []).map((example) => `# ${example.description}\n${plain(example.command)}`);
    return [
      `## ${words(command.id)}`,
      plain(command.summary),
      `\`${usage(command)}\``,
      plain(command.description),
      ...(command.exits?.length > 0
        ? [
            `Can also end with ${command.exits.map((name) => `${EXIT_CODES[name].number} ${name}`).join(', ')} ([exit codes](exit-codes.md)).`,
          ]
        : []),
      `\`\`\`sh\n${examples.join('\n\n')}\n\`\`\``,
      `| flag | variable | what it does |\n| --- | --- | --- |\n${flags.join('\n')}`,
    ].join('\n\n');
  });
  return `# Commands\n\nGenerated from the commands themselves; \`zkd help COMMAND\` prints the same.\n\n${sections.join('\n\n')}\n`;
}

const MARKS = ['<!-- commands -->', '<!-- /commands -->'];

function readme(text) {
  const current = read('README.md');
  const [before, rest] = current.split(MARKS[0]);
  if (rest === undefined) return current;
  const after = rest.split(MARKS[1])[1] ?? '';
  const rows = commandsOf(text).map((command) => `| \`${usage(command)}\` | ${plain(command.summary)} |`);
  return `${before}${MARKS[0]}\n\n| command | what it does |\n| --- | --- |\n${rows.join('\n')}\n\n${MARKS[1]}${after}`;
}

const made = await manifest();
const files = {
  'oclif.manifest.json': made,
  'docs/exit-codes.md': await exitCodes(),
  'docs/commands.md': await reference(made),
  'README.md': readme(made),
};
const stale = Object.entries(files).filter(([path, text]) => read(path) !== text);
if (process.argv.includes('--check')) {
  for (const [path] of stale) console.error(`${path} is stale: run npm run build and commit it`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const [path, text] of stale) writeFileSync(join(root, path), text);
}
