import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TransientError } from '../../../pipeline/kernel/errors.ts';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import { eventually } from '../../support/eventually.ts';
import { createTestCodec, type IngestHarness, startIngest } from '../../support/ingest-harness.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';

/** A way to Postgres that can be cut, before or after a transaction's COMMIT was passed on. */
class Way {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  isOpen = true;
  /** Cut the next connection that sends this. */
  cutAt: { readonly text: string; readonly isPassedOn: boolean } | undefined;

  constructor(target: URL) {
    this.#server = createServer((client) => {
      if (!this.isOpen) return void client.destroy();
      const server = connect(Number(target.port), target.hostname);
      for (const socket of [client, server]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          this.#sockets.delete(socket);
          client.destroy();
          server.destroy();
        });
      }
      client.on('data', (chunk) => {
        const cut = this.cutAt;
        if (!cut || !chunk.includes(cut.text)) return void server.write(chunk);
        this.cutAt = undefined;
        if (!cut.isPassedOn) return void client.destroy();
        client.destroy();
        return void server.end(chunk);
      });
      server.on('data', (chunk) => client.write(chunk));
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  cut(): void {
    this.isOpen = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

let workspace: Workspace;
let db: Database;
let way: Way;
let ingest: IngestHarness;

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'ingest-outage' });
  db = openDatabase({ url: workspace.config.FRESHET_POSTGRES_URL, onIdleError: () => undefined });
  const url = new URL(workspace.config.FRESHET_POSTGRES_URL);
  way = new Way(new URL(url));
  url.port = String(await way.listen());
  url.hostname = '127.0.0.1';
  ingest = await startIngest({ postgresUrl: url.href });
});

afterAll(async () => {
  await ingest.close();
  await way.close();
  await db.close();
  await workspace.close();
});

const batch = (name: string) =>
  Array.from({ length: 10 }, (_, i) => ({ event_id: `${name}-${i}`, user_id: 'u', item_id: 'i', type: 'view' }));

async function storedOf(name: string): Promise<number> {
  const [row] = await db.query<{ count: bigint }>({
    text: 'SELECT count(*) AS count FROM outbox WHERE event_id LIKE $1',
    values: [`${name}-%`],
  });
  return Number(row?.count);
}

/** Statuses of the results, once the door takes events again. */
const untilTaken = (name: string) =>
  eventually(async () => {
    const response = await ingest.post('/v1/events:batch', batch(name));
    expect(response.status).toBe(202);
    const { results } = (await response.json()) as { results: { status: string }[] };
    return [...new Set(results.map(({ status }) => status))];
  });

describe('while Postgres is away', () => {
  it('events are answered 503 with Retry-After, and taken when it is back', async () => {
    way.cut();
    const response = await ingest.post('/v1/events:batch', batch('away'));
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await response.json()).toMatchObject({ code: 'unavailable' });
    expect(await storedOf('away')).toBe(0);
    way.isOpen = true;
    expect(await untilTaken('away')).toEqual(['accepted']);
    expect(await storedOf('away')).toBe(10);
  });

  it('documents are answered 503 too', async () => {
    way.cut();
    const response = await fetch(`${ingest.url}/v1/items/x`);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    way.isOpen = true;
    await eventually(async () => expect((await fetch(`${ingest.url}/v1/items/x`)).status).toBe(404));
  });
});

describe('a connection that is lost', () => {
  it('before the events leaves nothing half stored', async () => {
    way.cutAt = { text: 'append-new-events', isPassedOn: false };
    expect((await ingest.post('/v1/events:batch', batch('inside'))).status).toBe(503);
    expect(await storedOf('inside')).toBe(0);
    expect(await untilTaken('inside')).toEqual(['accepted']);
    expect(await storedOf('inside')).toBe(10);
  });

  it('after the events is answered 503, and repeating is safe', async () => {
    way.cutAt = { text: 'append-new-events', isPassedOn: true };
    expect((await ingest.post('/v1/events:batch', batch('commit'))).status).toBe(503);
    await eventually(async () => expect(await storedOf('commit')).toBe(10));
    expect(await untilTaken('commit')).toEqual(['duplicate']);
    expect(await storedOf('commit')).toBe(10);
  });
});

describe('before the registry has answered', () => {
  it('events are answered 503, and taken afterwards', async () => {
    let isAway = true;
    const codec = createTestCodec();
    const waiting = await startIngest({
      postgresUrl: workspace.config.FRESHET_POSTGRES_URL,
      isWaiting: true,
      codec: {
        async writer(topic) {
          if (isAway) throw new TransientError('registry_unavailable', 'away');
          return codec.writer(topic);
        },
      },
    });
    try {
      const response = await waiting.post('/v1/events:batch', batch('registry'));
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
      expect(await response.json()).toMatchObject({ code: 'not_ready' });
      isAway = false;
      await eventually(async () =>
        expect((await waiting.post('/v1/events:batch', batch('registry'))).status).toBe(202),
      );
    } finally {
      await waiting.close();
    }
  });
});
