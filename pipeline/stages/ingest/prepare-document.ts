import type { ConfigChanged } from '../../../schemas/generated/config-changed.v1.ts';
import type { ItemChanged } from '../../../schemas/generated/item-changed.v1.ts';
import type { UserChanged } from '../../../schemas/generated/user-changed.v1.ts';
import { topics } from '../../../schemas/topics.ts';
import type { RecordWriter } from '../../broker/codec.ts';
import { parseConfigDocument } from '../../domain/intake/config-document.ts';
import type { Parsed } from '../../domain/intake/fields.ts';
import type { IntakeRules } from '../../domain/intake/identity.ts';
import { parseItem } from '../../domain/intake/item.ts';
import { deletedDigest, digestOf } from '../../domain/intake/revision.ts';
import { parseUser } from '../../domain/intake/user.ts';
import { configKey, itemKey, userKey } from '../../domain/keys.ts';
import type { DocumentEntry } from '../../stores/ingest.ts';
import type { Member } from './read-batch.ts';
import { type Refused, unlessInvalid } from './record-fit.ts';

export type PreparedDocument = { readonly ok: true; readonly entry: DocumentEntry } | Refused;

/** One kind of document: how it comes in, how it goes out, how a deletion of it looks. */
export interface DocumentKind {
  readonly name: 'item' | 'user' | 'config';
  /** What names a document in requests and answers. */
  readonly idField: 'item_id' | 'user_id' | 'id';
  prepare(member: Member, rules: IntakeRules): PreparedDocument;
  prepareDelete(namespace: string, id: string, revision: number, rules: IntakeRules): DocumentEntry;
}

export interface DocumentWriters {
  readonly item: RecordWriter<ItemChanged>;
  readonly user: RecordWriter<UserChanged>;
  readonly config: RecordWriter<ConfigChanged>;
}

interface Shape<V extends { namespace: string; revision: number; receivedAt: number }> {
  readonly name: DocumentKind['name'];
  readonly idField: DocumentKind['idField'];
  readonly topic: string;
  readonly writer: RecordWriter<V>;
  readonly parse: (input: unknown, path: string, rules: IntakeRules) => Parsed<V>;
  /** Id within the kind. */
  readonly idOf: (value: V) => string;
  readonly keyOf: (namespace: string, id: string) => Buffer;
}

function documentKind<V extends { namespace: string; revision: number; receivedAt: number }>(
  shape: Shape<V>,
): DocumentKind {
  const { name, idField, topic, writer, parse, idOf, keyOf } = shape;
  const entryOf = (namespace: string, id: string, revision: number, receivedAt: number) => ({
    kind: 'document' as const,
    document: { kind: name, namespace, id },
    revision,
    row: {
      topic,
      key: keyOf(namespace, id),
      eventId: `${name}|${namespace}|${id}|${revision}`,
      occurredAt: receivedAt,
    },
  });
  return {
    name,
    idField,
    prepare({ input, path }, rules) {
      const parsed = parse(input, path, rules);
      if (!parsed.ok) return parsed;
      const { value } = parsed;
      const entry = entryOf(value.namespace, idOf(value), value.revision, value.receivedAt);
      const digest = digestOf({ ...value, revision: 0, receivedAt: 0 });
      return unlessInvalid(path, () => {
        const row = { ...entry.row, payload: writer.write(value) };
        return { ok: true, entry: { ...entry, digest, deleted: false, row } };
      });
    },
    prepareDelete(namespace, id, revision, { receivedAt }) {
      const entry = entryOf(namespace, id, revision, receivedAt);
      return { ...entry, digest: deletedDigest, deleted: true, row: { ...entry.row, payload: null } };
    },
  };
}

/** The kinds of documents that can be upserted. */
export function documentKinds({ item, user, config }: DocumentWriters) {
  return {
    item: documentKind<ItemChanged>({
      name: 'item',
      idField: 'item_id',
      topic: topics.itemChanged.name,
      writer: item,
      parse: parseItem,
      idOf: ({ itemId }) => itemId,
      keyOf: itemKey,
    }),
    user: documentKind<UserChanged>({
      name: 'user',
      idField: 'user_id',
      topic: topics.userChanged.name,
      writer: user,
      parse: parseUser,
      idOf: ({ userId }) => userId,
      keyOf: userKey,
    }),
    config: documentKind<ConfigChanged>({
      name: 'config',
      idField: 'id',
      topic: topics.configChanged.name,
      writer: config,
      parse: parseConfigDocument,
      idOf: ({ kind, id }) => `${kind}|${id}`,
      keyOf: (namespace, id) => {
        const [kind = '', ...rest] = id.split('|');
        return configKey(namespace, kind, rest.join('|'));
      },
    }),
  };
}
