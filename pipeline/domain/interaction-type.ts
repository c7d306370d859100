import type { InteractionType } from '../../schemas/generated/interaction-recorded.v1.ts';

/** Types by number, as HTTP accepts them and as packed values and `item_activity` store them. */
export const interactionTypes = [
  'view',
  'click',
  'add',
  'purchase',
  'custom',
  'watch',
  'like',
  'rating',
  'dismiss',
] as const satisfies readonly InteractionType[];

export const typeNumber = (type: InteractionType): number => interactionTypes.indexOf(type);
