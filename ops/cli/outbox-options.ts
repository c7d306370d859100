import type { JsonOption } from './report.ts';

export interface OutboxOptions {
  readonly outbox?: string;
  readonly json?: JsonOption;
}

export const outboxOption = [
  '--outbox <url>',
  'Postgres that holds the outbox, for one of a service; default FRESHET_POSTGRES_URL, else the running stack',
] as const;

export const becauseOption = ['--because <text>', 'why; kept in freshet.operator_audit with who and when'] as const;
export const operatorOption = ['--operator <name>', 'who; default the user of this machine'] as const;
