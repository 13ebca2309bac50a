/** Lines of logs as text, and as a document each. */
import type { MemberLine } from '../../cluster/index.js';
import type { Style } from '../style.js';

export interface LineOptions {
  readonly style: Style;
  readonly timestamps: boolean;
}

/** Lines for a person: whose it is, when if asked for, what. */
export function renderLines(lines: readonly MemberLine[], { style, timestamps }: LineOptions): string {
  return lines
    .map(({ member, time, line }) => `${style.tint(member - 1, `member-${member} |`)} ${timestamps ? `${time} ` : ''}${line}\n`)
    .join('');
}

/** One JSON document a line. */
export function lineDocuments(lines: readonly MemberLine[]): string {
  return lines.map(({ time, member, stream, line }) => `${JSON.stringify({ time, member, stream, line })}\n`).join('');
}
