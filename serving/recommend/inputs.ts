import type { PackedCandidate } from '../../pipeline/domain/packed-list.ts';
import type { UserValues } from '../../pipeline/stores/serving.ts';
import type { VersionedSettings } from '../settings-view.ts';
import { type KeptValues, keepValues } from './kept-values.ts';
import type { RememberedAnswer } from './last-answers.ts';

/** What one answer is made from besides the catalogue; filled in while it is made, so that it can be made again. */
export interface RequestInputs {
  /** Undefined where Redis could not be asked, and where only the copy is left. */
  readonly values: UserValues | undefined;
  /** The values once they were copied to be kept. */
  kept: KeptValues | undefined;
  readonly contextNeighbours: readonly (Buffer | null)[];
  /** Of the user's latest items, where they were asked for. */
  latestNeighbours: readonly (Buffer | null)[] | undefined;
  readonly settings: VersionedSettings;
  /** Popular lists that were looked at, by segment. */
  readonly popular: Map<string, readonly PackedCandidate[]>;
  lastAnswer: RememberedAnswer | undefined;
}

/** One copy of the values for whoever keeps them; undefined where Redis could not be asked. */
export function keptInputs(inputs: RequestInputs): KeptValues | undefined {
  if (inputs.values !== undefined) inputs.kept ??= keepValues(inputs.values);
  return inputs.kept;
}
