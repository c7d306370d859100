import { randomUUID } from 'node:crypto';
import { messageOf } from '../../pipeline/kernel/errors.ts';
import { openConnection } from '../../pipeline/stores/postgres/connection.ts';
import type { Queryable } from '../../pipeline/stores/postgres/database.ts';

/** `notify`: a relay at this address is woken. `polling`: it looks every 4 to 500 ms. */
export interface WakeUp {
  readonly mode: 'notify' | 'polling';
  readonly because: string;
}

const withinMs = 1_000;

/** Tries it: LISTEN on one connection, NOTIFY on another, both at the address that was given. */
export async function probeWakeUp(url: string, db: Queryable): Promise<WakeUp> {
  const channel = `freshet_probe_${randomUUID().replaceAll('-', '')}`;
  const heard = Promise.withResolvers<boolean>();
  try {
    const listener = await openConnection({
      url,
      name: 'freshet outbox status',
      channels: [channel],
      onNotification: () => heard.resolve(true),
      onBroken: () => heard.resolve(false),
    });
    const giveUp = setTimeout(() => heard.resolve(false), withinMs);
    try {
      await db.query({ text: `NOTIFY ${channel}` });
      if (await heard.promise) return { mode: 'notify', because: 'a notification came through' };
      return { mode: 'polling', because: `no notification within ${withinMs} ms: a transaction pooler?` };
    } finally {
      clearTimeout(giveUp);
      await listener.close();
    }
  } catch (error) {
    return { mode: 'polling', because: `LISTEN is not possible: ${messageOf(error, 120)}` };
  }
}
