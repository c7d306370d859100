import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { bytea, instant } from './columns.ts';

export const apiKey = pgTable('api_key', {
  id: text().primaryKey(),
  name: text().notNull(),
  sha256: bytea().notNull(),
  scopes: text().array().notNull(),
  namespaces: text().array(),
  maxRequestsPerSecond: integer('max_requests_per_second'),
  createdAt: instant('created_at').notNull(),
  expiresAt: instant('expires_at'),
  revokedAt: instant('revoked_at'),
  replacedBy: text('replaced_by'),
});
