/** All command classes, from the sources: a compiled copy may be stale. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from '@oclif/core/command';
import type { Config } from '@oclif/core/config';

/** A command as its module exports it. */
export interface CommandClass {
  id: string;
  readonly summary?: string;
  readonly description?: string;
  readonly examples?: Command.Example[];
  readonly hidden?: boolean;
  readonly aliases?: readonly string[];
  readonly exits: readonly string[];
  readonly takesChild?: boolean;
  readonly enableJsonFlag: boolean;
  readonly args: Readonly<Record<string, unknown>>;
  readonly flags: Readonly<Record<string, FlagDefinition>>;
  readonly baseFlags: Readonly<Record<string, FlagDefinition>>;
  run(argv: string[], config: Config): Promise<unknown>;
}

export interface FlagDefinition {
  readonly type: 'boolean' | 'option';
  readonly char?: string;
  readonly env?: string;
  readonly allowNo?: boolean;
  readonly multiple?: boolean;
  readonly options?: readonly string[];
  readonly helpValue?: string;
  readonly default?: unknown;
  readonly hidden?: boolean;
  readonly required?: boolean;
  readonly aliases?: readonly string[];
  readonly summary?: string;
}

const COMMANDS = new URL('../../src/commands/', import.meta.url).pathname;

/** Loads one command by its id, e.g. `cluster:up`. */
export async function loadCommand(id: string): Promise<CommandClass> {
  const module = (await import(`${join(COMMANDS, ...id.split(':'))}.ts`)) as { readonly default: CommandClass };
  // oclif names a command when it finds it by its path; here nobody does.
  module.default.id = id;
  return module.default;
}

/** Loads all commands by id. */
export async function loadCommands(): Promise<ReadonlyMap<string, CommandClass>> {
  const files = (await readdir(COMMANDS, { recursive: true })).filter((file) => file.endsWith('.ts'));
  const ids = files.map((file) => file.replace(/\.ts$/, '').replaceAll('/', ':')).sort();
  return new Map(await Promise.all(ids.map(async (id) => [id, await loadCommand(id)] as const)));
}

/** The flags of a command, shared ones included, `json` left out: oclif adds it. */
export const flagsOf = (command: CommandClass): Readonly<Record<string, FlagDefinition>> => ({ ...command.baseFlags, ...command.flags });
