/** A list in the form that was asked for. */
import type { OutputFormat } from '../flags/output.js';
import type { Style } from '../style.js';
import { formatTable } from '../table.js';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Shown with `wide` only. */
  readonly wide?: boolean;
}

export interface ListView<Row> {
  readonly columns: readonly Column<Row>[];
  readonly name: (row: Row) => string;
}

/** The rows as a table, bare names, JSON or YAML. `document` is the JSON form. The YAML library loads only for YAML. */
export async function renderList<Row>(
  rows: readonly Row[],
  document: object,
  view: ListView<Row>,
  format: OutputFormat,
  style: Style,
): Promise<string> {
  switch (format) {
    case 'name':
      return rows.map((row) => view.name(row)).join('\n');
    case 'json':
      return JSON.stringify(document, null, 2);
    case 'yaml':
      return (await import('yaml')).stringify(document).trimEnd();
    default: {
      const columns = view.columns.filter(({ wide }) => !wide || format === 'wide');
      return formatTable(
        columns.map(({ title }) => title),
        rows.map((row) => columns.map(({ cell }) => cell(row))),
        style,
      );
    }
  }
}
