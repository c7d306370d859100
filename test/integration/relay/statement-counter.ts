import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A link to Postgres that counts what clients ask. */
export interface StatementCounter {
  /** The same database through the link. */
  readonly url: string;
  /** Statements so far, of all connections. */
  count(): number;
  /** What was asked that lasts beyond a transaction: start-up options, named statements, LISTEN, SET. */
  ofSession(): readonly string[];
  /** True lets no notification through, as a pooler that has given the connection to somebody else. */
  mute(muted: boolean): void;
  /** True takes start-up options away, as a pooler that is told to ignore them. */
  dropOptions(dropped: boolean): void;
  close(): Promise<void>;
}

/** Frames of the protocol: a letter, then a length that counts itself. The first message of a client has no letter. */
function reader(onFrame: (letter: string, frame: Buffer) => void, hasStart: boolean) {
  let rest = Buffer.alloc(0);
  let started = !hasStart;
  return (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes]);
    for (;;) {
      const letters = started ? 1 : 0;
      if (rest.length < letters + 4) return;
      const length = letters + rest.readInt32BE(letters);
      if (rest.length < length) return;
      onFrame(started ? String.fromCharCode(rest[0] as number) : '', rest.subarray(0, length));
      rest = rest.subarray(length);
      started = true;
    }
  };
}

function sessionState(letter: string, frame: Buffer): string[] {
  const text = frame.toString('latin1', letter === '' ? 8 : 5);
  if (letter === '' && text.includes('options\0')) return ['start-up options'];
  if (letter === 'P' && !text.startsWith('\0')) return ['named statement'];
  const command = /^(LISTEN|SET(?! LOCAL))\b/.exec(text.replaceAll('\0', ''))?.[1];
  return (letter === 'P' || letter === 'Q') && command !== undefined ? [command] : [];
}

/** The start-up message: length, version, then names and values that end with zero bytes. */
function withoutOptions(frame: Buffer): Buffer {
  const words = frame.toString('latin1', 8).split('\0');
  const kept: string[] = [];
  for (let at = 0; at + 1 < words.length && words[at] !== ''; at += 2) {
    if (words[at] !== 'options') kept.push(words[at] as string, words[at + 1] as string);
  }
  const body = Buffer.concat([frame.subarray(4, 8), Buffer.from(`${kept.join('\0')}\0\0`, 'latin1')]);
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([length, body]);
}

export async function createStatementCounter(postgresUrl: string): Promise<StatementCounter> {
  const target = new URL(postgresUrl);
  const sockets = new Set<Socket>();
  let statements = 0;
  const ofSession = new Set<string>();
  let muted = false;
  let dropped = false;
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    const fromClient = reader((letter, frame) => {
      for (const asked of sessionState(letter, frame)) ofSession.add(asked);
      if (letter === 'Q' || letter === 'E') statements += 1; // a simple query, or the execution of a prepared one
      far.write(dropped && letter === '' ? withoutOptions(frame) : frame);
    }, true);
    const fromServer = reader((letter, frame) => {
      if (letter !== 'A' || !muted) near.write(frame);
    }, false);
    near.on('data', fromClient);
    far.on('data', fromServer);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(postgresUrl);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    count: () => statements,
    ofSession: () => [...ofSession],
    mute(value) {
      muted = value;
    },
    dropOptions(value) {
      dropped = value;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}
