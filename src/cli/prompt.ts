/** Questions to a person at a terminal, drawn on stderr since stdout is the result. The only importer of inquirer, loaded when asked. */

/** Lets a person choose one of several; only call this where the terminal is interactive. */
export async function askChoice(message: string, choices: readonly string[]): Promise<string> {
  const { createPromptModule } = await import('inquirer');
  const prompt = createPromptModule({ output: process.stderr });
  const { answer } = await prompt<{ answer: string }>([{ type: 'select', name: 'answer', message, choices: [...choices] }]);
  return answer;
}
