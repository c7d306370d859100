import type { ChainableCommander, Redis } from 'ioredis';
import { messageOf, TransientError } from '../../kernel/errors.ts';

/** Sends commands in one round trip; answers their results in order. Any error is a TransientError. */
export async function pipelined(redis: Redis, fill: (pipeline: ChainableCommander) => void): Promise<unknown[]> {
  const pipeline = redis.pipeline();
  fill(pipeline);
  if (pipeline.length === 0) return [];
  const answers = await pipeline.exec().catch((error: unknown) => {
    throw unavailable(error);
  });
  if (answers === null) throw new TransientError('redis_unavailable', 'the pipeline was aborted');
  return answers.map(([error, result]) => {
    if (error !== null) throw unavailable(error);
    return result;
  });
}

/** A full, loading or read-only Redis heals or is healed, so every one of its errors is worth waiting for. */
function unavailable(error: unknown): TransientError {
  return new TransientError('redis_unavailable', messageOf(error), { cause: error });
}
