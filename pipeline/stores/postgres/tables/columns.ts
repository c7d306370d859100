import { customType } from 'drizzle-orm/pg-core';

export const bytea = customType<{ data: Buffer; driverData: Buffer }>({ dataType: () => 'bytea' });

/** timestamptz as milliseconds since the epoch; drizzle hands Postgres' text through unparsed. */
export const instant = customType<{ data: number; driverData: string }>({
  dataType: () => 'timestamp with time zone',
  toDriver: (ms) => new Date(ms).toISOString(),
  fromDriver: (text) => Date.parse(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00')),
});

/** Transaction ids and snapshots: text to us. */
export const xid8 = customType<{ data: string }>({ dataType: () => 'xid8' });
export const snapshot = customType<{ data: string }>({ dataType: () => 'pg_snapshot' });
