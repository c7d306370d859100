import { topics } from '../../../schemas/topics.ts';
import type { Codec } from '../../broker/codec.ts';
import type { DocumentWriters } from './prepare-document.ts';
import type { EventWriters } from './prepare-event.ts';

export interface IngestWriters {
  readonly events: EventWriters;
  readonly documents: DocumentWriters;
}

/** Looks up the schema id of every topic that ingest feeds. */
export async function loadWriters(codec: Pick<Codec, 'writer'>): Promise<IngestWriters> {
  const [interaction, impression, item, user, config] = await Promise.all([
    codec.writer(topics.interactionRecorded),
    codec.writer(topics.impressionRecorded),
    codec.writer(topics.itemChanged),
    codec.writer(topics.userChanged),
    codec.writer(topics.configChanged),
  ]);
  return { events: { interaction, impression }, documents: { item, user, config } };
}
