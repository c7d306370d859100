import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Environment } from '../../serving/client/environment.ts';
import type { FreshetRequestError } from '../../serving/client/errors.ts';
import type { ClientOptions, Rejected, Tracked } from '../../serving/client/options.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: { readonly events?: readonly Sent[]; readonly impressions?: readonly Sent[] } & Record<
    string,
    unknown
  >;
}
export type Sent = Readonly<Record<string, unknown>> & { readonly event_id: string };

/** What the server answers once; `'cut'` ends the connection without an answer, `'hang'` answers never. */
export type Reply =
  | {
      readonly status: number;
      readonly body?: unknown;
      /** In place of `body`, as it is. */
      readonly text?: string;
      readonly headers?: Record<string, string>;
    }
  | 'cut'
  | 'hang';

/** A server that notes what it is asked, and answers as it is told, else that all is well. */
export async function createMockServer() {
  const asked: Asked[] = [];
  const replies: Reply[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const one = {
        ...{ method: request.method ?? '', path: request.url ?? '', headers: request.headers },
        body: text === '' ? {} : JSON.parse(text),
      };
      asked.push(one);
      const reply = replies.shift() ?? { status: 202, body: allWell(one) };
      if (reply === 'hang') return;
      if (reply === 'cut') {
        request.socket.destroy();
        return;
      }
      response.sendDate = false; // the clock of a test stands still
      response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
      response.end('text' in reply ? reply.text : JSON.stringify(reply.body ?? {}));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    reply: (...next: readonly Reply[]) => void replies.push(...next),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function allWell({ body }: Asked) {
  const results = (events: readonly Sent[] | undefined) =>
    events?.map(({ event_id }) => ({ event_id, status: 'accepted', received_at: 1 }));
  return { events: results(body.events), impressions: results(body.impressions) };
}

interface Timer {
  readonly at: number;
  readonly work: () => void;
}

/** A clock that stands still until it is told, ids that count, a page that goes when it is told. */
export function createManualEnvironment() {
  let now = Date.UTC(2026, 0, 31, 12);
  let made = 0;
  const timers = new Set<Timer>();
  const hiding = new Set<() => void>();
  const environment: Omit<Environment, 'fetch' | 'report'> = {
    now: () => now,
    random: () => 0,
    makeId: () => `made-${++made}`,
    setTimer(work, ms) {
      const timer = { at: now + ms, work };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    onHide(work) {
      hiding.add(work);
      return () => hiding.delete(work);
    },
  };
  return {
    environment,
    now: () => now,
    /** Waits of timers that are set, milliseconds, shortest first. */
    waits: () => [...timers].map(({ at }) => at - now).toSorted((a, b) => a - b),
    advance(ms: number) {
      now += ms;
      for (const timer of [...timers].toSorted((a, b) => a.at - b.at)) {
        if (timer.at > now) break;
        timers.delete(timer);
        timer.work();
      }
    },
    hide() {
      for (const work of hiding) work();
    },
  };
}

/** Notes what a client tells. */
export function createNotes() {
  const dropped: { readonly id: string; readonly reason: string }[] = [];
  const rejected: Rejected[] = [];
  const retries: { readonly error: FreshetRequestError; readonly waitMs: number }[] = [];
  const options: Pick<ClientOptions, 'onDrop' | 'onRejected' | 'onRetry'> = {
    onDrop: ({ event }: Tracked, reason) => void dropped.push({ id: event.event_id, reason }),
    onRejected: (one) => void rejected.push(one),
    onRetry: (error, waitMs) => void retries.push({ error, waitMs }),
  };
  return { dropped, rejected, retries, options };
}

/** What the client may count on in any browser. */
export const browserGlobals = {
  ...{ fetch, AbortController, TextEncoder, URLSearchParams, crypto },
  ...{ setTimeout, clearTimeout, queueMicrotask },
};
