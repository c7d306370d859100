import type { InteractionRecorded } from '../../../schemas/generated/interaction-recorded.v1.ts';
import { type Fields, has, report } from './fields.ts';
import type { Parts } from './meta.ts';

function need(fields: Fields, names: readonly string[], why: string): void {
  for (const name of names)
    if (!has(fields, name)) report(fields, name, { code: 'required', message: `is required ${why}` });
}

/** The part, or an empty one to report what is missing in it. */
const partOf = (fields: Fields, parts: Parts, name: 'context' | 'commerce'): Fields =>
  parts[name] ?? { source: {}, path: `${fields.path}.${name}`, problems: fields.problems };

/** An order belongs to a custom interaction of kind order, and that has no item of its own. */
function checkOrder(fields: Fields, { type, context, order }: InteractionRecorded): void {
  const isOrder = type === 'custom' && context?.kind === 'order';
  if (order !== null && !isOrder) {
    report(fields, 'order', { code: 'not_allowed', message: 'is only for type custom with context.kind order' });
  }
  if (!isOrder) return;
  need(fields, ['order'], 'for context.kind order');
  if (has(fields, 'item_id'))
    report(fields, 'item_id', { code: 'not_allowed', message: 'an order has no item_id of its own' });
}

/** The keys that one type needs and others do not. */
export function requireByType(fields: Fields, parts: Parts, interaction: InteractionRecorded): void {
  const { type, context, watch } = interaction;
  checkOrder(fields, interaction);
  if (type === 'click' && context?.recommended) {
    need(partOf(fields, parts, 'context'), ['rank'], 'for a click on a recommended item');
    need(fields, ['request_id'], 'for a click on a recommended item');
  } else if (type === 'purchase') {
    need(fields, ['value'], 'for type purchase');
    need(partOf(fields, parts, 'commerce'), ['order_id', 'unit_price', 'currency'], 'for type purchase');
  } else if (type === 'add' || type === 'rating') need(fields, ['value'], `for type ${type}`);
  else if (type === 'watch' && watch === null) need(fields, ['value'], 'for type watch, or watch');
}
