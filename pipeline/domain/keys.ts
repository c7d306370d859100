import { hash } from 'node:crypto';

/** Key of interactions, impressions and users. The namespace has no `|`, so the first one separates. */
export const userKey = (namespace: string, userId: string): Buffer => Buffer.from(`${namespace}|${userId}`);
export const itemKey = (namespace: string, itemId: string): Buffer => Buffer.from(`${namespace}|${itemId}`);
export const configKey = (namespace: string, kind: string, id: string): Buffer =>
  Buffer.from(`${namespace}|${kind}|${id}`);
export const profileKey = (version: number, namespace: string, userId: string): Buffer =>
  Buffer.from(`${version}|${namespace}|${userId}`);

/** Session ids repeat across users, so the user is part of the hash. */
export function sessionKey(version: number, namespace: string, userId: string, sessionId: string): Buffer {
  const digest = hash('sha256', `${userId}\u001f${sessionId}`);
  return Buffer.from(`${version}|${namespace}|${digest.slice(0, 32)}`);
}

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/**
 * 128 bits that stand for (namespace, event_id), as uuid text: the head of
 * sha256(namespace, 0x1f, event_id). An event id that is a UUIDv7 keeps its first 8 bytes, so that
 * keys made together lie together in the index.
 */
export function eventKeyId(namespace: string, eventId: string): string {
  let hex = hash('sha256', `${namespace}\u001f${eventId}`).slice(0, 32);
  if (uuidV7.test(eventId)) hex = eventId.replaceAll('-', '').slice(0, 16) + hex.slice(0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
