import { isDeepStrictEqual } from 'node:util';
import type { CatalogProjection, CatalogWriter } from '../../stores/catalog.ts';

export interface ConfigStores {
  readonly catalog: Pick<CatalogWriter, 'config'>;
  readonly projection: Pick<CatalogProjection, 'putConfig'>;
}

/**
 * Projects what the table says of these namespaces, until it still says so afterwards: two who do this at the same
 * time cannot leave the older document behind.
 */
export async function projectConfig({ catalog, projection }: ConfigStores, namespaces: readonly string[]) {
  for (let before = await catalog.config(namespaces); ; ) {
    await projection.putConfig(namespaces, before);
    const after = await catalog.config(namespaces);
    if (isDeepStrictEqual(before, after)) return;
    before = after;
  }
}
