import type { ConfigChanged } from '../../../schemas/generated/config-changed.v1.ts';
import { topics } from '../../../schemas/topics.ts';
import { type ConfigKind, configKinds } from '../../domain/intake/config-document.ts';
import type { StatelessStage } from '../../kernel/stage.ts';
import type { CatalogProjection, CatalogWriter, ConfigDocument, ConfigRef } from '../../stores/catalog.ts';
import { foldBatch, keyParts, type Reading } from './fold.ts';
import { projectConfig } from './project-config.ts';

export interface CatalogConfigDeps {
  readonly catalog: Pick<CatalogWriter, 'saveConfig' | 'config'>;
  readonly projection: Pick<CatalogProjection, 'putConfig'>;
}

/** Keeps namespace settings and rules: Postgres for the pipeline, then Redis for serving. */
export function createCatalogConfig({ catalog, projection }: CatalogConfigDeps): StatelessStage<ConfigChanged> {
  return {
    kind: 'stateless',
    name: 'catalog-config',
    consumes: [topics.configChanged],
    stateVersion: 0,
    async handle(batch) {
      const { changes, outcomes } = foldBatch(batch, config);
      await catalog.saveConfig(changes);
      const namespaces = [...new Set(changes.map(({ ref }) => ref.namespace))];
      await projectConfig({ catalog, projection }, namespaces);
      return outcomes;
    },
  };
}

/** Bodies are checked by their readers, who know what they mean; here they have to be JSON objects. */
const config: Reading<ConfigChanged, ConfigRef, ConfigDocument> = {
  ref(key) {
    const [namespace, kind, id] = keyParts(key, 3) ?? [];
    if (namespace === undefined || id === undefined || !isKind(kind)) return 'the key is not namespace|kind|id';
    return { namespace, kind, id };
  },
  document({ namespace, kind, id, revision, body: text }) {
    if (!isKind(kind)) return `there is no configuration of kind ${kind}`;
    const body = parseObject(text);
    return body === undefined ? 'body is not a JSON object' : { namespace, kind, id, revision, body };
  },
  refOf: ({ namespace, kind, id }) => ({ namespace, kind, id }),
};

const isKind = (kind: string | undefined): kind is ConfigKind => configKinds.some((one) => one === kind);

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null && !Array.isArray(body)
      ? (body as Record<string, unknown>)
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
