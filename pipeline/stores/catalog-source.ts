export interface PageRequest {
  /** Milliseconds since the epoch; null asks for everything. */
  readonly updatedSince: number | null;
  readonly cursor: string | null;
  readonly limit: number;
  readonly signal: AbortSignal;
}

/** What a catalogue service answers, or that it does not. */
export type PageAnswer =
  | { readonly kind: 'page'; readonly items: readonly unknown[]; readonly nextCursor: string | null }
  /** The cursor is not known there any more: the round begins again. */
  | { readonly kind: 'gone' }
  /** Away, overloaded or too slow: repeating helps. */
  | { readonly kind: 'away'; readonly why: string; readonly retryAfterMs: number | undefined }
  /** What no repetition mends: somebody has to look. */
  | { readonly kind: 'refused'; readonly why: string };

/** A service that lists its items by when they changed. Never throws. */
export interface CatalogSource {
  page(request: PageRequest): Promise<PageAnswer>;
}
