/** Names a dead letter: the stage and version that set it aside, and where the record was first. */
export interface DeadLetterAddress {
  /** 0 where the stage keeps no versioned state. */
  readonly stateVersion: number;
  readonly stage: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

/** How an address is written, for messages that say what was expected. */
export const addressShape = 'stage[.vN]/topic/partition/offset';

/** Such as `aggregation.v1/engagement.interaction.enriched.v1/3/1702`; stages and topics hold no slash. */
export function printAddress({ stateVersion, stage, topic, partition, offset }: DeadLetterAddress): string {
  return `${stage}${stateVersion === 0 ? '' : `.v${stateVersion}`}/${topic}/${partition}/${offset}`;
}

/** Of a stage or a topic: no slash, and nothing that Postgres refuses. */
const name = '[^/\\u0000-\\u001f\\u007f-\\u009f]+';

/** The shape of an address as a pattern. */
export const addressPattern = new RegExp(`^(${name}?)(?:\\.v([1-9]\\d{0,8}))?\\/(${name})\\/(\\d{1,9})\\/(\\d{1,18})$`);

/** Undefined where the text is no address. */
export function parseAddress(text: string): DeadLetterAddress | undefined {
  const [, stage, version, topic, partition, offset] = addressPattern.exec(text) ?? [];
  if (stage === undefined || topic === undefined || partition === undefined || offset === undefined) return undefined;
  return {
    stateVersion: Number(version ?? 0),
    stage,
    topic,
    partition: Number(partition),
    offset: BigInt(offset),
  };
}
