import type { ImpressionRecorded } from '../../../schemas/generated/impression-recorded.v1.ts';
import type { InteractionEnriched } from '../../../schemas/generated/interaction-enriched.v1.ts';
import { enrichedOf, impressionOf } from './catalogue.ts';
import type { Accepted } from './compare-state.ts';
import { some } from './difference.ts';
import type { Draft, SlateDraft } from './drafts.ts';
import type { Ledger } from './ledger.ts';
import { poisonIds } from './poison.ts';

const keyOf = ({ namespace, event_id: id }: { readonly namespace: string; readonly event_id: string }) =>
  `${namespace}|${id}`;
const isPoison = (key: string) => Object.values(poisonIds).some((prefix) => key.split('|')[1]?.startsWith(prefix));

/** What was sent and accepted, as whoever sent it knows. */
export class Truth {
  readonly #drafts = new Map<string, Draft>();
  readonly #slates = new Map<string, SlateDraft>();
  readonly #direct: InteractionEnriched[] = [];
  readonly faults: string[] = [];

  get events(): number {
    return this.#drafts.size + this.#slates.size + this.#direct.length;
  }

  acceptedDraft(draft: Draft): void {
    this.#drafts.set(keyOf(draft), draft);
  }

  acceptedSlate(slate: SlateDraft): void {
    this.#slates.set(keyOf(slate), slate);
  }

  /** Published to the enriched topic, past ingest and enrichment. */
  published(event: InteractionEnriched): void {
    this.#direct.push(event);
  }

  /** Everything accepted, with the instants that ingest gave; what was lost on the way to the topics is a fault. */
  accepted({ recorded }: Pick<Ledger, 'recorded'>): { readonly accepted: Accepted; readonly faults: string[] } {
    const interactions: InteractionEnriched[] = [...this.#direct];
    const impressions: ImpressionRecorded[] = [];
    const lost: string[] = [];
    for (const [key, draft] of this.#drafts) {
      const seen = recorded.get(key);
      if (seen) interactions.push(enrichedOf(draft, seen.receivedAt));
      else lost.push(key);
    }
    for (const [key, slate] of this.#slates) {
      const seen = recorded.get(key);
      if (seen) impressions.push(impressionOf(slate, seen.receivedAt));
      else lost.push(key);
    }
    const ghosts = [...recorded.keys()].filter(
      (key) => !this.#drafts.has(key) && !this.#slates.has(key) && !isPoison(key),
    );
    const faults = [...some('accepted, never recorded', lost), ...some('recorded, never sent', ghosts), ...this.faults];
    return { accepted: { interactions, impressions }, faults };
  }
}
