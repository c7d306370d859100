import { anyCaller, type Caller } from '../../pipeline/domain/caller.ts';
import {
  type FieldProblem,
  type Fields,
  isObject,
  type Parsed,
  readList,
  readTexts,
  refuseUnknown,
} from '../../pipeline/domain/intake/fields.ts';
import { idRule, textFault } from '../../pipeline/domain/intake/text.ts';
import type { StatedRule } from '../../pipeline/domain/rule.ts';
import { ruleSchema } from '../../pipeline/domain/rule.ts';
import type { Query } from '../recommend/query.ts';
import { type ContextRequest, parseContextRequest } from './context-request.ts';

/** Rules that one rehearsal may add or leave out. */
export const trialLimit = 100;
const known = new Set(['request', 'rules', 'without']);

/** The body of `POST /v1/rules:preview`: a request for a list, and the rules to try on it. */
export function parseRulesTrial(body: unknown, requestId: string, caller: Caller = anyCaller): Parsed<Query> {
  if (!isObject(body))
    return { ok: false, problems: [{ code: 'wrong_type', path: '$', message: 'must be an object' }] };
  const fields: Fields = { source: body, path: '$', problems: [] };
  refuseUnknown(fields, known);
  const asked = parseContextRequest(body.request ?? {}, requestId, caller);
  if (!asked.ok) fields.problems.unshift(...asked.problems.map(under('$.request')));
  const rules = (readList(fields, 'rules', trialLimit) ?? []).map((rule, at) => readRule(fields, rule, at));
  const without = new Set(readTexts(fields, 'without', trialLimit, idRule));
  if (asked.ok) fields.problems.push(...notForTrials(asked.value));
  if (!asked.ok || fields.problems.length > 0) return { ok: false, problems: fields.problems };
  const trial = { rules: rules.filter((rule) => rule !== undefined), without };
  return { ok: true, value: { ...asked.value.query, explain: true, trial } };
}

function notForTrials({ query, cursor }: ContextRequest): FieldProblem[] {
  const code = 'not_allowed';
  const message = 'goes on with a list that was answered; a trial is a list of its own';
  return [
    ...(cursor === undefined ? [] : [{ code, path: '$.request.cursor', message }]),
    ...(query.logImpression
      ? [{ code, path: '$.request.log_impression', message: 'must be false: nobody sees a trial' }]
      : []),
  ];
}

const under =
  (path: string) =>
  (problem: FieldProblem): FieldProblem => ({ ...problem, path: path + problem.path.slice(1) });

/** A rule with its `id` beside the members of its body. */
function readRule({ problems }: Fields, given: unknown, index: number): StatedRule | undefined {
  const path = `$.rules[${index}]`;
  if (!isObject(given)) {
    problems.push({ code: 'wrong_type', path, message: 'must be an object' });
    return undefined;
  }
  const { id, ...body } = given;
  const fault = textFault(id, idRule);
  if (fault !== undefined) problems.push({ ...fault, path: `${path}.id` });
  const parsed = ruleSchema.safeParse(body);
  for (const { path: at, message, code } of parsed.error?.issues ?? []) {
    const isUnknown = code === 'unrecognized_keys';
    problems.push({
      code: isUnknown ? 'unknown_field' : 'invalid_rule',
      path: [path, ...at].join('.'),
      message: isUnknown ? 'has a field that there is not' : message,
    });
  }
  return parsed.success && fault === undefined ? { ...parsed.data, id: id as string, revision: 0 } : undefined;
}
