import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener, RequestError } from '@hono/node-server';
import type { Hono } from 'hono';
import type { Clock } from '../pipeline/kernel/clock.ts';
import type { Component } from '../pipeline/kernel/component.ts';
import { FreshetError, messageOf } from '../pipeline/kernel/errors.ts';
import type { Logger } from '../pipeline/kernel/logger.ts';
import { internal, malformed, onClientError, unservedResponse } from './malformed-request.ts';
import type { Readiness } from './readiness.ts';

/** How long requests in flight may take once the server stops. */
const finishMs = 10_000;
/** How often connections are looked at that went idle after the stop. */
const sweepMs = 20;
/** Longer than the idle time of common load balancers (60 s), so that they close first. */
const keepAliveMs = 65_000;

/** Bytes of a request's headers; Node answers 431 beyond. A token has under 8 KiB. */
const headerBytes = 16_384;
/** Longest time to send a request: a body that trickles in holds memory which ingest counts (1 MiB at 35 kB/s). */
const requestMs = 30_000;
/** How often that is looked at. */
const requestCheckMs = 5_000;

export interface HttpServerOptions {
  readonly name?: string;
  readonly app: Pick<Hono, 'fetch'>;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly log: Logger;
  readonly clock: Clock;
  readonly readiness: Readiness;
  /** Names requests that never reach the app. */
  readonly makeId: () => string;
  readonly finishMs?: number;
  readonly requestMs?: number;
}

export interface HttpServer extends Component {
  /** Where it listens, such as `http://127.0.0.1:8080`; undefined before start and after stop. */
  url(): string | undefined;
}

/**
 * Serves an app. Stopping: readiness first, so that whoever asks sends no more; then no new
 * connections; requests in flight get `finishMs`; then whatever is left is cut off.
 */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { name = 'http', app, host, port, log, readiness } = options;
  let listening: Server | undefined;
  return {
    name,
    url: () => listening && urlOf(listening),
    async start(fail) {
      const requestTimeout = options.requestMs ?? requestMs;
      const serverOptions = {
        requestTimeout,
        connectionsCheckingInterval: Math.min(requestTimeout, requestCheckMs),
        maxHeaderSize: headerBytes,
        requireHostHeader: false, // refused by us, as a problem
      };
      const errorHandler = (error: unknown) => {
        if (error instanceof RequestError) return unservedResponse(malformed, options.makeId());
        log.error({ server: name, error: messageOf(error) }, 'a request failed before the app could answer');
        return unservedResponse(internal, options.makeId());
      };
      const server = createServer(serverOptions, getRequestListener(app.fetch, { errorHandler }));
      server.on('clientError', onClientError(options.makeId));
      server.keepAliveTimeout = keepAliveMs;
      const silent = trackSilent(server);
      await listen(server, host, port);
      server.on('error', fail);
      listening = server;
      log.info({ server: name, address: urlOf(server) }, 'listening');
      let stopped: Promise<void> | undefined;
      return {
        stop() {
          readiness.drain();
          listening = undefined;
          stopped ??= close(server, silent, options);
          return stopped;
        },
      };
    },
  };
}

function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(port, host, resolve);
  try {
    await promise;
  } catch (error) {
    throw new FreshetError(
      'cannot_listen',
      `cannot listen on ${host}:${port}; stop what listens there, or choose another port (FRESHET_HTTP_PORT; workers: FRESHET_WORKER_METRICS_PORT; operators: FRESHET_ADMIN_PORT)`,
      { cause: error, fields: { host, port } },
    );
  }
  server.removeAllListeners('error');
}

/** Connections that have sent nothing yet; Node counts them as busy, so a stop would wait for them. */
function trackSilent(server: Server): () => Socket[] {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return () => [...sockets].filter((socket) => socket.bytesRead === 0);
}

async function close(server: Server, silent: () => Socket[], options: HttpServerOptions): Promise<void> {
  const { log, clock } = options;
  const closed = new AbortController();
  server.close(() => closed.abort());
  const deadline = clock.monotonic() + (options.finishMs ?? finishMs);
  while (!closed.signal.aborted && clock.monotonic() < deadline) {
    server.closeIdleConnections();
    for (const socket of silent()) socket.destroy();
    await clock.sleep(sweepMs, closed.signal);
  }
  if (closed.signal.aborted) return;
  log.warn({ server: options.name ?? 'http' }, 'requests were still in flight at the deadline, cut off');
  server.closeAllConnections();
}
