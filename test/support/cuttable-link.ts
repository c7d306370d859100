import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP link to a server that a test can spoil and mend. */
export interface CuttableLink {
  readonly port: number;
  /** As a server that is gone: closes what is open and refuses what comes. */
  cut(): void;
  /** As a server that hangs: everything waits, nothing is lost. */
  freeze(): void;
  /** As a network that forgot: open connections never carry anything again, and nobody is told. */
  lose(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function createCuttableLink(target: { host: string; port: number }): Promise<CuttableLink> {
  const sockets = new Set<Socket>();
  const lost = new WeakSet<Socket>();
  let state: 'whole' | 'cut' | 'frozen' = 'whole';
  const server = createServer((near) => {
    if (state === 'cut') {
      near.destroy();
      return;
    }
    const far = connect(target.port, target.host);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('data', (bytes) => {
        if (!lost.has(one)) other.write(bytes);
      });
      if (state === 'frozen') one.pause();
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const destroyAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      state = 'cut';
      destroyAll();
    },
    freeze() {
      state = 'frozen';
      for (const socket of sockets) socket.pause();
    },
    lose() {
      for (const socket of sockets) lost.add(socket);
    },
    mend() {
      state = 'whole';
      for (const socket of sockets) socket.resume();
    },
    async close() {
      state = 'cut'; // one that was accepted already may still be announced
      destroyAll();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}
