import { parsePulledItem } from '../../../domain/intake/pulled-item.ts';
import type { DocumentKind } from '../prepare-document.ts';

/** Items as a catalogue service lists them: those of the HTTP door in one namespace, and deleted ones among them. */
export function pulledKind(items: DocumentKind, namespace: string): DocumentKind {
  return {
    ...items,
    prepare({ input, path }, rules) {
      const parsed = parsePulledItem(input, path, { namespace, rules });
      if (!parsed.ok) return parsed;
      const { value } = parsed;
      if (!value.deleted) return items.prepare({ input: value.input, path }, rules);
      return { ok: true, entry: items.prepareDelete(namespace, value.itemId, value.revision, rules) };
    },
  };
}
