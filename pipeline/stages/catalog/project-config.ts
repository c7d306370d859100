import type { CatalogProjection, CatalogWriter } from '../../stores/catalog.ts';
import { putSettled } from './put-settled.ts';

export interface ConfigStores {
  readonly catalog: Pick<CatalogWriter, 'config'>;
  readonly projection: Pick<CatalogProjection, 'putConfig'>;
}

/** Projects what the table says of these namespaces. */
export async function projectConfig({ catalog, projection }: ConfigStores, namespaces: readonly string[]) {
  const read = () => catalog.config(namespaces);
  await putSettled(await read(), (config) => projection.putConfig(config), read);
}
