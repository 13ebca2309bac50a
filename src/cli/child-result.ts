/** The file of `--result`, which tells how a command with a child ended while stdout is the child's. */
import { open, type FileHandle } from 'node:fs/promises';
import { messageOf, ZkdError } from '../errors.js';
import type { Failure } from './failure.js';

/** The document of `--result`. */
export interface ChildResult {
  /** Whose exit code it is. */
  readonly source: 'zkd' | 'child';
  readonly code: number;
}

/** Nothing is written where no file was asked for. */
export class ResultFile {
  #file: FileHandle | undefined;

  /** Before anything is begun: `usage` where it cannot be written. */
  async open(path: string | undefined): Promise<void> {
    if (path === undefined) return;
    try {
      this.#file = await open(path, 'w', 0o600);
    } catch (error) {
      throw new ZkdError('usage', `The file of --result cannot be written: ${messageOf(error)}`, { cause: error });
    }
  }

  async write(document: ChildResult): Promise<void> {
    try {
      await this.#file?.truncate();
      await this.#file?.write(`${JSON.stringify(document, null, 2)}\n`, 0);
    } catch (error) {
      throw new ZkdError('failure', `Cannot write the file of --result: ${messageOf(error)}`, { cause: error });
    }
  }

  /** It fails already: that its document cannot be written either adds nothing. */
  async writeFailure(error: Failure): Promise<void> {
    const document: ChildResult & { readonly error: Failure } = { source: 'zkd', code: error.exitCode, error };
    await this.write(document).catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.#file?.close().catch(() => undefined);
  }
}
