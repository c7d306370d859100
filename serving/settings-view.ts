import { defaultSettings, type NamespaceSettings } from '../pipeline/domain/settings.ts';

/** A namespace's settings and the revision answers name; revision 0 is the defaults. */
export interface VersionedSettings {
  readonly revision: number;
  readonly settings: NamespaceSettings;
}

const unset: VersionedSettings = { revision: 0, settings: defaultSettings };

/** Settings of every namespace in process memory. */
export interface SettingsView {
  get(namespace: string): VersionedSettings;
  set(namespace: string, settings: VersionedSettings | undefined): void;
}

export function createSettingsView(): SettingsView {
  const namespaces = new Map<string, VersionedSettings>();
  return {
    get: (namespace) => namespaces.get(namespace) ?? unset,
    set(namespace, settings) {
      if (settings === undefined) namespaces.delete(namespace);
      else namespaces.set(namespace, settings);
    },
  };
}
