/** `freshet/outbox`: events from a service's own transaction. Needs no other package. */
export { FreshetError } from '../../../kernel/errors.ts';
export { type AppendClient, type AppendOptions, append } from './append.ts';
export type { EventType, OutboxEvent } from './event.ts';
export { throughDrizzle } from './through-drizzle.ts';
