/** `freshet/client`: lists and events for browsers and Node 20 or newer. Needs no other package. */
export { createFreshetClient, type FreshetClient } from './create-client.ts';
export type { Environment } from './environment.ts';
export { FreshetRequestError } from './errors.ts';
export type { Slate, TrackedEvent } from './events.ts';
export type {
  Constraints,
  ContextRequest,
  FieldProblem,
  Impression,
  Interaction,
  List,
  ListItem,
  Problem,
  SimilarItems,
} from './generated/api.ts';
export type { AskOptions, ListOptions, Lists } from './lists.ts';
export type { ClientOptions, Rejected, Tracked } from './options.ts';
