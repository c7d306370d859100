import type { NamespaceSettings } from '../domain/settings.ts';

/** Settings of every namespace, held in memory and refreshed in the background. */
export interface SettingsSource {
  /** Never waits; a namespace without a document has the defaults. */
  get(namespace: string): NamespaceSettings;
  /** False until the documents were read once: before that nobody knows what applies. */
  isLoaded(): boolean;
}
