import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OutboxLimits } from '../../../pipeline/domain/outbox-limits.ts';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { createCuttableLink } from '../../support/cuttable-link.ts';
import { eventually } from '../../support/eventually.ts';
import { type HarnessOptions, type IngestHarness, startIngest } from '../../support/ingest-harness.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';
import { startTestRelay } from '../relay/harness.ts';

let workspace: Workspace;
let db: Database;

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'admission' });
  db = openDatabase({ url: workspace.config.FRESHET_POSTGRES_URL, onIdleError: () => undefined });
});

afterAll(async () => {
  await db.close();
  await workspace.close();
});

const batch = (name: string, count: number, text = 'x') =>
  Array.from({ length: count }, (_, i) => ({
    event_id: `${name}-${i}`,
    user_id: `u${i % 7}`,
    item_id: 'i',
    type: 'view',
    properties: { text },
  }));

/** A relay whose broker acknowledges everything. */
const startPublishing = () =>
  startTestRelay({ config: workspace.config, producer: { send: async () => undefined, close: async () => undefined } });

async function withIngest(options: Omit<HarnessOptions, 'postgresUrl'>, use: (ingest: IngestHarness) => Promise<void>) {
  const ingest = await startIngest({ postgresUrl: workspace.config.FRESHET_POSTGRES_URL, ...options });
  try {
    await use(ingest);
  } finally {
    await ingest.close();
  }
}

const withLimits = (limits: OutboxLimits, use: (ingest: IngestHarness) => Promise<void>) => withIngest({ limits }, use);

/** Sends until the answer has this status; each time under other ids, and gives the last answer. */
let sent = 0;
function untilAnswered(ingest: IngestHarness, status: number): Promise<Response> {
  return eventually(async () => {
    sent += 1;
    const response = await ingest.post('/v1/events:batch', batch(`probe-${sent}`, 1));
    expect(response.status).toBe(status);
    return response;
  });
}

async function refusalOf(response: Response) {
  const { code, limit } = (await response.json()) as { code: string; limit: number };
  const retryAfter = Number(response.headers.get('retry-after'));
  expect(retryAfter).toBeGreaterThanOrEqual(1);
  expect(retryAfter).toBeLessThanOrEqual(30);
  return { code, limit };
}

const storedOf = async (name: string) =>
  (
    await db.query<{ count: number }>({
      text: 'SELECT count(*)::int AS count FROM outbox WHERE event_id LIKE $1',
      values: [`${name}-%`],
    })
  )[0]?.count;

describe('while the outbox has no room', () => {
  it('nothing is taken in by any route; when the relay has caught up it is, without anybody doing anything', async () => {
    await withLimits({ unpublishedRecords: 50 }, async (ingest) => {
      expect((await ingest.post('/v1/events:batch', batch('deep', 60))).status).toBe(202);
      expect(await refusalOf(await untilAnswered(ingest, 503))).toEqual({ code: 'outbox_full', limit: 50 });
      for (const [path, body] of [
        ['/v1/events', batch('refused', 1)[0]],
        [
          '/v1/impressions',
          { event_id: 'refused-2', user_id: 'u', surface: 'home', items: [{ item_id: 'i', position: 1 }] },
        ],
        ['/v1/items:upsert', { items: [{ item_id: 'refused' }] }],
      ] as const) {
        expect([path, (await ingest.post(path, body)).status]).toEqual([path, 503]);
      }
      expect((await fetch(`${ingest.url}/v1/items/refused`)).status).toBe(404);
      expect(await storedOf('refused')).toBe(0);

      const relay = await startPublishing();
      try {
        await untilAnswered(ingest, 202);
      } finally {
        await relay.stop();
      }
    });
  });

  it('because its oldest record is too old, the age is named', async () => {
    await withLimits({ oldestAgeMs: 1 }, async (ingest) => {
      await ingest.post('/v1/events', batch('old', 1)[0]); // refused at once where an older record waits already
      expect(await refusalOf(await untilAnswered(ingest, 503))).toEqual({ code: 'outbox_stale', limit: 1 });
      const relay = await startPublishing();
      try {
        await untilAnswered(ingest, 202);
      } finally {
        await relay.stop();
      }
    });
  });

  it('because it takes too much disk, the bytes are named; it is taken again when rows are gone', async () => {
    const [size] = await db.query<{ bytes: number }>({
      text: "SELECT sum(pg_total_relation_size(relid))::int AS bytes FROM pg_partition_tree('outbox')",
    });
    const limit = (size?.bytes ?? 0) + 100_000;
    await withLimits({ outboxBytes: limit }, async (ingest) => {
      for (const name of ['disk-1', 'disk-2']) await ingest.post('/v1/events:batch', batch(name, 500, 'y'.repeat(200)));
      expect(await refusalOf(await untilAnswered(ingest, 503))).toEqual({ code: 'outbox_too_large', limit });
      await db.query({ text: 'TRUNCATE outbox' });
      await untilAnswered(ingest, 202);
    });
  });

  it('because its database takes too much disk, the bytes are named', async () => {
    await withLimits({ databaseBytes: 1_000_000 }, async (ingest) => {
      expect(await refusalOf(await untilAnswered(ingest, 503))).toEqual({
        code: 'database_too_large',
        limit: 1_000_000,
      });
    });
  });
});

describe('while Postgres hangs', () => {
  async function throughLink(
    use: (link: Awaited<ReturnType<typeof createCuttableLink>>, postgresUrl: string) => Promise<void>,
  ) {
    const url = new URL(workspace.config.FRESHET_POSTGRES_URL);
    const link = await createCuttableLink({ host: url.hostname, port: Number(url.port) });
    url.host = `127.0.0.1:${link.port}`;
    try {
      await use(link, url.href);
    } finally {
      await link.close();
    }
  }

  it('no more bytes are held than the limit, everybody is answered, and all goes on when it answers again', async () => {
    await throughLink(async (link, postgresUrl) => {
      const heldBytes = 1_048_576;
      const ingest = await startIngest({ postgresUrl, heldBytes, commitTimeoutMs: 1_000 });
      try {
        await untilAnswered(ingest, 202);
        link.freeze();
        const bodies = Array.from({ length: 60 }, (_, i) => JSON.stringify(batch(`hang-${i}`, 300, 'z'.repeat(200))));
        const bytes = bodies[0]?.length ?? 0;
        const answers = bodies.map((body) => ingest.post('/v1/events:batch', body));
        let mostHeld = 0;
        await eventually(async () => {
          mostHeld = Math.max(mostHeld, (await ingest.metrics.ingestHeldBytes.get()).values[0]?.value ?? 0);
          expect(mostHeld).toBeGreaterThan(heldBytes - bytes);
        });
        const codes = await Promise.all(
          answers.map(async (answer) => {
            const response = await answer;
            return `${response.status} ${((await response.json()) as { code: string }).code}`;
          }),
        );
        expect(mostHeld).toBeLessThanOrEqual(heldBytes);
        expect(new Set(codes)).toEqual(new Set(['503 overloaded', '503 unavailable']));
        expect(codes.filter((code) => code === '503 unavailable').length).toBeLessThanOrEqual(heldBytes / bytes);
        expect((await ingest.metrics.ingestHeldBytes.get()).values[0]?.value).toBe(0);
        link.mend();
        await untilAnswered(ingest, 202);
      } finally {
        link.mend();
        await ingest.close();
      }
    });
  });

  it('and never answers on its old connections, new ones are made', async () => {
    await throughLink(async (link, postgresUrl) => {
      const ingest = await startIngest({ postgresUrl, commitTimeoutMs: 1_000 });
      try {
        await untilAnswered(ingest, 202);
        link.lose();
        expect(await refusalOf(await untilAnswered(ingest, 503))).toMatchObject({ code: 'unavailable' });
        await untilAnswered(ingest, 202);
      } finally {
        await ingest.close();
      }
    });
  });
});
