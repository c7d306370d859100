export type Cell = string | number;

/** Thousands separated, and no more digits than a measurement carries. */
export function formatNumber(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}

const text = (cell: Cell) => (typeof cell === 'number' ? formatNumber(cell) : cell).replaceAll('|', '\\|');

/** Columns are padded, so that it reads in a terminal too; all but the first are aligned right. */
export function markdownTable(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [header, ...rows].map((row) => row.map(text));
  const widths = header.map((_, column) => Math.max(3, ...lines.map((line) => line[column]?.length ?? 0)));
  const written = lines.map((line) => {
    const cells = widths.map((width, column) => {
      const cell = line[column] ?? '';
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `| ${cells.join(' | ')} |`;
  });
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [written[0], `| ${rule.join(' | ')} |`, ...written.slice(1)].join('\n');
}
