/** Most members of one batch. */
export const batchLimit = 1_000;

/** Most bytes of one request's body. */
export const bodyLimit = 1_048_576;
