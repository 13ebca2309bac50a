/** Questions to a person at a terminal, drawn on stderr since stdout is the result. The only importer of inquirer, loaded when asked. */
import { ZkdError } from '../errors.js';

/** Lets a person choose one of several; only call this where the terminal is interactive. Ctrl-C and Ctrl-D are `interrupted`. */
export function askChoice(message: string, choices: readonly string[]): Promise<string> {
  return ask<string>({ type: 'select', message, choices: [...choices] });
}

/** Asks a person to agree; "no" is what Enter says. Only call this where the terminal is interactive. Ctrl-C and Ctrl-D are `interrupted`. */
export function askConsent(message: string): Promise<boolean> {
  return ask<boolean>({ type: 'confirm', message, default: false });
}

type Question =
  | { readonly type: 'select'; readonly message: string; readonly choices: string[] }
  | { readonly type: 'confirm'; readonly message: string; readonly default: boolean };

async function ask<T>(question: Question): Promise<T> {
  const { createPromptModule } = await import('inquirer');
  const refusal = new AbortController();
  // On Ctrl-D inquirer's question would never settle, and the process end without a word.
  const onKey = (_: unknown, key: { readonly ctrl?: boolean; readonly name?: string } | undefined): void => {
    if (key?.ctrl && key.name === 'd') refusal.abort();
  };
  process.stdin.on('keypress', onKey);
  try {
    const prompt = createPromptModule({ output: process.stderr, signal: refusal.signal });
    const { answer } = await prompt<{ answer: unknown }>([{ ...question, name: 'answer' }]);
    return answer as T;
  } catch (error) {
    if (error instanceof Error && /^(Exit|Abort)PromptError$/.test(error.name)) {
      throw new ZkdError('interrupted', 'Interrupted at the question');
    }
    throw error;
  } finally {
    process.stdin.off('keypress', onKey);
  }
}
