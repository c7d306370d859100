import type { RegistryClient } from './registry-client.ts';

/** A registry within the process, for tests: one id a text, shared between subjects as real registries do. */
export interface MemoryRegistry extends RegistryClient {
  register(subject: string, json: string): number;
}

export function createMemoryRegistry(): MemoryRegistry {
  const texts: string[] = [];
  const subjects = new Map<string, Set<number>>();
  const canonical = (json: string) => JSON.stringify(JSON.parse(json));
  return {
    register(subject, json) {
      const text = canonical(json);
      const known = texts.indexOf(text);
      const id = known >= 0 ? known + 1 : texts.push(text);
      subjects.set(subject, (subjects.get(subject) ?? new Set()).add(id));
      return id;
    },
    schemaById: async (id) => texts[id - 1],
    async idOf(subject, json) {
      const id = texts.indexOf(canonical(json)) + 1;
      return subjects.get(subject)?.has(id) ? id : undefined;
    },
  };
}
