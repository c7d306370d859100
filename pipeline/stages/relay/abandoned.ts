import { FreshetError } from '../../kernel/errors.ts';

/** Thrown where a page is left unacknowledged on purpose; its rows are read again by whoever holds the shard. */
export class Abandoned extends FreshetError {}
