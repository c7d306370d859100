import type { PageAnswer } from '../../../stores/catalog-source.ts';

type Page = Extract<PageAnswer, { kind: 'page' }>;

/** In a row. A service that filters after it has cut its pages sends some; one that sends no others has no end. */
const mostEmptyPages = 1_000;

/**
 * The cursors that a round has followed, so that it does not follow them for ever. One cursor is kept at a time, for twice
 * as many pages as the one before it (Brent's cycle detection, 1980): in a loop of any length one comes again within a few
 * laps, and the memory does not grow with the catalogue.
 */
export class RoundPath {
  #kept: string | null = null;
  #pages = 0;
  #pagesToKeep = 1;
  #emptyPages = 0;

  /** Why the page after this one is not to be asked for; undefined where it is, or there is none. */
  fault({ items, nextCursor }: Page, sent: string | null): string | undefined {
    if (nextCursor === null) return undefined;
    if (nextCursor === sent) return 'next_cursor is the cursor that was sent';
    if (nextCursor === this.#kept) return 'next_cursor is one that this round has followed before';
    const isEndless = items.length === 0 && this.#emptyPages >= mostEmptyPages;
    return isEndless ? `more than ${mostEmptyPages} pages in a row have no items` : undefined;
  }

  /** The page was stored, and the next one is asked for. */
  follow({ items, nextCursor }: Page): void {
    this.#emptyPages = items.length === 0 ? this.#emptyPages + 1 : 0;
    this.#pages += 1;
    if (this.#pages < this.#pagesToKeep) return;
    this.#kept = nextCursor;
    this.#pages = 0;
    this.#pagesToKeep *= 2;
  }
}
