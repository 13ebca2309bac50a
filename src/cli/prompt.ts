/** Questions to a person at a terminal, drawn on stderr since stdout is the result. The only importer of inquirer, loaded when asked. */
import { ZkdError } from '../errors.js';

/** Lets a person choose one of several; only call this where the terminal is interactive. Ctrl-C and Ctrl-D are `interrupted`. */
export async function askChoice(message: string, choices: readonly string[]): Promise<string> {
  const { createPromptModule } = await import('inquirer');
  const refusal = new AbortController();
  // On Ctrl-D inquirer's question would never settle, and the process end without a word.
  const onKey = (_: unknown, key: { readonly ctrl?: boolean; readonly name?: string } | undefined): void => {
    if (key?.ctrl && key.name === 'd') refusal.abort();
  };
  process.stdin.on('keypress', onKey);
  try {
    const prompt = createPromptModule({ output: process.stderr, signal: refusal.signal });
    const { answer } = await prompt<{ answer: string }>([{ type: 'select', name: 'answer', message, choices: [...choices] }]);
    return answer;
  } catch (error) {
    if (error instanceof Error && /^(Exit|Abort)PromptError$/.test(error.name)) {
      throw new ZkdError('interrupted', 'Interrupted at the question');
    }
    throw error;
  } finally {
    process.stdin.off('keypress', onKey);
  }
}
