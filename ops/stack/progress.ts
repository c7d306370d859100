import type { ServerName } from './server-name.ts';

/** What a start is doing, for a display. */
export interface StackProgress {
  readonly subject: ServerName | 'download' | 'docker';
  /** One short line without a full stop. */
  readonly text: string;
  /** Share of a measurable step that is done, 0 to 1. */
  readonly share?: number;
}

export type OnProgress = (progress: StackProgress) => void;
