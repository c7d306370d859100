import { topics } from '../../schemas/topics.ts';
import type { Component } from '../kernel/component.ts';
import { createCatalogConfig } from '../stages/catalog/catalog-config.ts';
import { createCatalogItems } from '../stages/catalog/catalog-items.ts';
import { createCatalogUsers } from '../stages/catalog/catalog-users.ts';
import { createCatalogReprojection } from '../stages/catalog/reprojection.ts';
import { createCatalogWriter } from '../stores/postgres/catalog-writer.ts';
import { createRedisCatalogProjection } from '../stores/redis/catalog-projection.ts';
import type { ProcessContext, Resources } from './resources.ts';
import { stageComponent } from './stage-component.ts';

/** The three projections of the compacted topics, and what repairs Redis from the tables. */
export function catalogRole(context: ProcessContext, resources: Resources): Component[] {
  const catalog = createCatalogWriter(resources.database);
  const projection = createRedisCatalogProjection(resources.redis);
  const { itemChanged, userChanged, configChanged } = topics;
  return [
    createCatalogReprojection({ ...context, catalog, projection }),
    stageComponent(context, resources, { stage: createCatalogItems({ catalog, projection }), sources: [itemChanged] }),
    stageComponent(context, resources, { stage: createCatalogUsers({ catalog }), sources: [userChanged] }),
    stageComponent(context, resources, {
      stage: createCatalogConfig({ catalog, projection }),
      sources: [configChanged],
    }),
  ];
}
