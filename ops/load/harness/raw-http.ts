import { connect, type Socket } from 'node:net';

/** A whole answer; `body` is a copy. */
export interface RawAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** One kept-alive connection that has one request under way at most. */
export interface RawConnection {
  /** Sends a whole request, made by `getRequest` or `postRequest`; rejects where the connection breaks. */
  ask(request: Buffer): Promise<RawAnswer>;
  close(): void;
}

/** The bytes of a GET, so that a generator makes each only once. */
export const getRequest = (path: string, host: string): Buffer =>
  Buffer.from(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\naccept: application/json\r\n\r\n`);

/** The bytes of a POST of JSON. */
export function postRequest(path: string, host: string, document: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(document));
  const head = `POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`), body]);
}

const headEnd = Buffer.from('\r\n\r\n');
const lastChunk = Buffer.from('0\r\n\r\n');

interface Head {
  readonly status: number;
  readonly bodyAt: number;
  /** Undefined for a chunked body. */
  readonly length: number | undefined;
}

function readHead(bytes: Buffer): Head | undefined {
  const end = bytes.indexOf(headEnd);
  if (end === -1) return undefined;
  const text = bytes.toString('latin1', 0, end).toLowerCase();
  const status = Number(text.slice(9, 12));
  const bodyAt = end + headEnd.length;
  const length = /\r\ncontent-length: *(\d+)/.exec(text)?.[1];
  if (length !== undefined) return { status, bodyAt, length: Number(length) };
  if (/\r\ntransfer-encoding: *chunked/.test(text)) return { status, bodyAt, length: undefined };
  throw new Error(`an answer without a length: ${text.slice(0, 200)}`);
}

function unchunk(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (size === 0) return Buffer.concat(parts);
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 4 + size;
  }
}

/** Undefined while some of it is still on its way. Throws Error where it is no answer that this client reads. */
export function readAnswer(bytes: Buffer): RawAnswer | undefined {
  const head = readHead(bytes);
  if (!head) return undefined;
  const { status, bodyAt, length } = head;
  if (length !== undefined) {
    return bytes.length < bodyAt + length ? undefined : { status, body: Buffer.from(bytes.subarray(bodyAt)) };
  }
  const isWhole = bytes.length >= bodyAt + lastChunk.length && bytes.subarray(-lastChunk.length).equals(lastChunk);
  return isWhole ? { status, body: unchunk(bytes.subarray(bodyAt)) } : undefined;
}

/**
 * The cheapest client there is, for the generator shares the cores of what it measures: no parser but for the status
 * and the length, no agent, no headers of its own.
 */
export async function openConnection({ hostname, port }: URL): Promise<RawConnection> {
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return talkOver(socket);
}

function talkOver(socket: Socket): RawConnection {
  let waiting: PromiseWithResolvers<RawAnswer> | undefined;
  let held: Buffer | undefined;
  const settle = (use: (one: PromiseWithResolvers<RawAnswer>) => void) => {
    const one = waiting;
    waiting = undefined;
    held = undefined;
    if (one) use(one);
  };
  const broken = (why: Error) => settle((one) => one.reject(why));
  socket.removeAllListeners('error');
  socket.on('error', broken);
  socket.on('close', () => broken(new Error('the connection was closed')));
  socket.on('data', (chunk) => {
    const bytes = held ? Buffer.concat([held, chunk]) : chunk;
    try {
      const answer = readAnswer(bytes);
      if (answer) settle((one) => one.resolve(answer));
      else held = bytes;
    } catch (error) {
      broken(error as Error);
      socket.destroy();
    }
  });
  return {
    ask(request) {
      if (waiting || socket.destroyed) return Promise.reject(new Error('the connection is busy or closed'));
      waiting = Promise.withResolvers<RawAnswer>();
      socket.write(request);
      return waiting.promise;
    },
    close: () => void socket.destroy(),
  };
}

/** Connections of an open loop, as many as are needed: however many requests are under way, none waits for another's. */
export interface ConnectionPool {
  ask(request: Buffer): Promise<RawAnswer>;
  close(): void;
}

/** Opens `first` of them; more where a request would have to wait for one. */
export async function openPool(url: URL, first: number): Promise<ConnectionPool> {
  const all = await Promise.all(Array.from({ length: first }, () => openConnection(url)));
  const idle = [...all];
  const another = async () => {
    const connection = await openConnection(url);
    all.push(connection);
    return connection;
  };
  return {
    async ask(request) {
      const connection = idle.pop() ?? (await another());
      const answer = await connection.ask(request);
      idle.push(connection);
      return answer;
    },
    close() {
      for (const connection of all) connection.close();
    },
  };
}
