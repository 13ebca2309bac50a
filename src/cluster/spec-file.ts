/**
 * `zkd.yaml`: one ensemble a file, counting as given only for the keys it has. Every wrong field is named with its line and what is
 * allowed. The YAML and schema libraries load only when a file is given.
 */
import { readFile } from 'node:fs/promises';
import { ZkdError, messageOf } from '../errors.js';
import { parseClusterName } from './names.js';
import { parseZooSetting, SETTING_KEYS, SETTINGS, type GivenSettings } from './settings.js';

/** What a file says: the ensemble's name, if any, and the settings it has. */
export interface SpecFile {
  readonly name?: string;
  readonly given: GivenSettings;
}

/** Reads a specification from a path, or from `stdin` for `-`. Unreadable or wrong: `usage`, all wrong fields at once. */
export async function readSpecFile(path: string, stdin: AsyncIterable<unknown> = process.stdin): Promise<SpecFile> {
  let text = '';
  try {
    if (path === '-') for await (const chunk of stdin) text += String(chunk);
    else text = await readFile(path, 'utf8');
  } catch (error) {
    throw new ZkdError('usage', `File ${JSON.stringify(path)} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  return parseSpecFile(text, path === '-' ? 'standard input' : path);
}

/** Parses the text of a specification; `source` names it in errors. */
export async function parseSpecFile(text: string, source: string): Promise<SpecFile> {
  const [{ LineCounter, isMap, parseDocument, visit }, { z }] = await Promise.all([import('yaml'), import('zod')]);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, logLevel: 'error' });
  const problems = document.errors.map(({ code, message, pos }) => {
    const words =
      code === 'MULTIPLE_DOCS'
        ? 'one document a file, and a second one starts here'
        : message.split('\n')[0]?.replace(/ at line \d+.*$/, '');
    return `line ${lines.linePos(pos[0]).line}: ${words}`;
  });
  visit(document, {
    // Values are read from what was written: as YAML numbers `007` would be 7 and `3.10` be 3.1.
    Scalar(_, scalar) {
      if (scalar.value !== null && scalar.source !== undefined) scalar.value = scalar.source;
    },
    Alias(_, alias) {
      if (alias.resolve(document) === undefined)
        problems.push(`line ${lines.linePos(alias.range?.[0] ?? 0).line}: an alias names no anchor: quote a value that begins with *`);
    },
  });
  if (problems.length > 0) throw wrongFile(source, problems);
  const content = contentOf(document, source);
  if (content === null || content === undefined) return { given: {} };

  const field = (allowed: string, read: (input: string) => unknown) =>
    z.string({ error: `give ${allowed}` }).transform((input, context) => {
      try {
        return read(input);
      } catch (error) {
        context.addIssue({ code: 'custom', message: afterNoun(messageOf(error), input) });
        return z.NEVER;
      }
    });
  const zooSettings = z.record(z.string(), z.unknown(), { error: `give ${SETTINGS.set.allowed}` }).transform((entries, context) => {
    const read = Object.entries(entries).flatMap(([key, value]) => {
      try {
        if (typeof value !== 'string') throw new ZkdError('usage', 'give one value, as in zoo.cfg');
        return [parseZooSetting(`${key}=${value}`)];
      } catch (error) {
        context.addIssue({ code: 'custom', message: messageOf(error).replace(/^Setting ".*?" (is not valid: )?/, ''), path: [key] });
        return [];
      }
    });
    return Object.fromEntries(read);
  });
  const settingFields = SETTING_KEYS.map((key) => {
    const { fileKey, allowed, parse } = SETTINGS[key];
    return [fileKey, (key === 'set' ? zooSettings : field(allowed, parse)).optional()] as const;
  });
  const schema = z.strictObject({ name: field('a name', parseClusterName).optional(), ...Object.fromEntries(settingFields) });
  const result = schema.safeParse(content);
  if (!result.success) {
    const lineOf = (path: readonly PropertyKey[]): number => {
      for (let depth = path.length; depth > 0; depth -= 1) {
        const parent = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true);
        const pair = isMap(parent)
          ? parent.items.find((item) => String((item.key as { value?: unknown }).value) === String(path[depth - 1]))
          : undefined;
        const range = (pair?.key as { range?: [number, number, number] } | undefined)?.range;
        if (range) return lines.linePos(range[0]).line;
      }
      return 1;
    };
    const known = ['name', ...SETTING_KEYS.map((key) => SETTINGS[key].fileKey)];
    const found = result.error.issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => ({ line: lineOf([...issue.path, key]), text: `"${key}" is not known: give ${known.join(', ')}` }))
        : [
            {
              line: lineOf(issue.path),
              text: issue.path.length > 0 ? `"${issue.path.join('.')}": ${issue.message}` : 'give a mapping of settings',
            },
          ],
    );
    throw wrongFile(
      source,
      found.sort((a, b) => a.line - b.line).map(({ line, text: words }) => `line ${line}: ${words}`),
    );
  }
  const values: Record<string, unknown> = result.data;
  const entries = SETTING_KEYS.flatMap((key) => {
    const value = values[SETTINGS[key].fileKey];
    return value === undefined ? [] : [[key, value] as const];
  });
  const name = values['name'];
  return { ...(typeof name === 'string' ? { name } : {}), given: Object.fromEntries(entries) };
}

/** The message from the quoted value on: the noun before it says again what the field's name says. */
function afterNoun(message: string, value: string): string {
  return message.slice(Math.max(message.indexOf(JSON.stringify(value)), 0));
}

function contentOf(document: { toJS(): unknown }, source: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    // Aliases that contain themselves, or so many that they would fill the memory.
    throw wrongFile(source, [`line 1: ${messageOf(error)}`]);
  }
}

function wrongFile(source: string, problems: readonly string[]): ZkdError {
  return new ZkdError('usage', `${source} is not valid\n${problems.map((problem) => `  ${problem}`).join('\n')}`, {
    details: { source, problems },
  });
}
