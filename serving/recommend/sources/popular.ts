import { segmentOf } from '../../../pipeline/domain/segment.ts';
import { globalSegment, type PopularityView } from '../../popularity-view.ts';
import type { HydratedQuery } from '../query.ts';
import type { Source } from '../roles.ts';

/** What is popular where the user is: this surface and locale, else the segment of the latest interaction. */
export function createSegmentPopularSource(popularity: PopularityView): Source {
  return {
    level: 'segment_popular',
    async candidates(query) {
      for (const segment of segmentsOf(query)) {
        if (segment === globalSegment) continue;
        const list = look(popularity, query, segment);
        if (list !== undefined) return list;
      }
      return undefined;
    },
  };
}

/** What is popular in the namespace. */
export function createGlobalPopularSource(popularity: PopularityView): Source {
  return {
    level: 'global_popular',
    async candidates(query) {
      return look(popularity, query, globalSegment);
    },
  };
}

function look(popularity: PopularityView, { user, namespace, inputs }: HydratedQuery, segment: string) {
  const list = popularity.list(user.version, namespace, segment);
  if (list !== undefined) inputs.popular.set(segment, list);
  return list;
}

function* segmentsOf({ surface, user }: HydratedQuery): Generator<string> {
  const locale = user.profile?.locale ?? '';
  yield segmentOf(surface, locale);
  if (user.profile) yield user.profile.segment;
  if (locale !== '') yield segmentOf(surface, '');
}
