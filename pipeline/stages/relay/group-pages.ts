import type { Page } from './shard-state.ts';

/** Puts small pages together into requests of at most `maxRows`: at low rates one request serves all shards. */
export function groupPages(pages: readonly Page[], maxRows: number): Page[][] {
  const groups: Page[][] = [];
  let current: Page[] = [];
  let rows = 0;
  for (const page of pages) {
    if (current.length > 0 && rows + page.rows.length > maxRows) {
      groups.push(current);
      current = [];
      rows = 0;
    }
    current.push(page);
    rows += page.rows.length;
  }
  if (current.length > 0) groups.push(current);
  return groups;
}
