import { Hono } from 'hono';
import type { StatedRule } from '../../pipeline/domain/rule.ts';
import type { IdentityEnv } from '../middleware/identity.ts';
import type { Measure } from '../middleware/request-metrics.ts';
import { answerOf } from '../recommend/answer.ts';
import type { Cursors } from '../recommend/cursor.ts';
import type { Recommend } from '../recommend/recommend.ts';
import type { RulesView } from '../rules-view.ts';
import { limitedBody, readJsonBody } from './json-body.ts';
import { QueryFields } from './query-fields.ts';
import { noList, notLoaded, refuse, refuseFields } from './refuse.ts';
import { parseRulesTrial } from './rules-trial-request.ts';

export interface RulesRouteDeps {
  readonly measure: Measure;
  readonly recommend: Recommend;
  readonly cursors: Cursors;
  readonly rules: Pick<RulesView, 'stated'>;
  /** False until the views in memory are loaded. */
  readonly loaded: () => boolean;
}

/**
 * `GET /v1/rules`: what this process follows. `POST /v1/rules:preview` (also with `/`): a real user's list under other
 * rules, always explained; nothing is stored, counted or remembered. Rules are written by `POST /v1/config:upsert`.
 */
export function rulesRoutes({ recommend, cursors, rules, loaded, measure }: RulesRouteDeps): Hono<IdentityEnv> {
  const app = new Hono<IdentityEnv>();
  app.get('/v1/rules', measure('rules'), (c) => {
    const fields = new QueryFields(c);
    const namespace = fields.namespace();
    if (fields.problems.length > 0) return refuseFields(c, fields.problems);
    if (!loaded()) return refuse(c, notLoaded);
    return c.json({ namespace, rules: rules.stated(namespace).map(shown) }, 200, { 'cache-control': 'no-store' });
  });
  for (const path of ['/v1/rules:preview', '/v1/rules/preview']) {
    app.post(path, measure('rules:preview'), limitedBody, async (c) => {
      const read = await readJsonBody(c);
      if (read instanceof Response) return read;
      const parsed = parseRulesTrial(read.body, c.get('identity').requestId, c.get('caller'));
      if (!parsed.ok) return refuseFields(c, parsed.problems);
      if (!loaded()) return refuse(c, notLoaded);
      const slate = await recommend(parsed.value);
      return slate === undefined ? refuse(c, noList) : c.json(answerOf(slate, cursors));
    });
  }
  return app;
}

const instant = (ms: number): string => new Date(ms).toISOString();

/** Instants as they are written. */
function shown({ starts_at: from, ends_at: to, ...rule }: StatedRule) {
  return {
    ...rule,
    ...(from === undefined ? {} : { starts_at: instant(from) }),
    ...(to === undefined ? {} : { ends_at: instant(to) }),
  };
}
