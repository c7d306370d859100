import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { userKey } from '../../../pipeline/domain/keys.ts';
import type { Config } from '../../../pipeline/kernel/config.ts';
import { topics } from '../../../schemas/topics.ts';
import { type CuttableLink, createCuttableLink } from '../../support/cuttable-link.ts';
import { eventually } from '../../support/eventually.ts';
import { startRun } from '../../support/freshet-child.ts';
import { createIntakePlace, type IntakePlace, startIntake } from '../../support/intake-harness.ts';

/** Named by the configuration alone, so that this too is what an operator would have. */
const clicks = 'Shop_clicks';
const users = 20;

let place: IntakePlace;
let link: CuttableLink;
let linked: Config;
let sent = 0;

/** Events of many users; the number of an event is its place in its user's order. */
async function send(count: number): Promise<void> {
  const messages = Array.from({ length: count }, (_, at) => {
    const n = sent + at;
    const user_id = `u${n % users}`;
    const event = { event_id: `e-${n}`, user_id, item_id: 'i', type: 'view' };
    return { key: userKey('default', user_id), value: JSON.stringify(event) };
  });
  await place.send(clicks, messages);
  sent += count;
}

/** Every event that was sent is in the outbox once, in the order of its user, and nothing was set aside. */
async function expectAllOnce(): Promise<void> {
  const recorded = await place.recorded();
  const numbers = recorded.map(({ eventId }) => Number(eventId.slice(2)));
  expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: sent }, (_, n) => n));
  for (let user = 0; user < users; user += 1) {
    const own = numbers.filter((n) => n % users === user);
    expect(own).toEqual(own.toSorted((a, b) => a - b));
  }
  expect(await place.letters()).toEqual([]);
}

async function storedCount(): Promise<number> {
  const text = 'SELECT count(*)::int AS count FROM outbox WHERE topic = $1';
  const values = [topics.interactionRecorded.name];
  const [row] = await place.resources.database.query<{ count: number }>({ text, values });
  return row?.count ?? 0;
}

beforeAll(async () => {
  place = await createIntakePlace({ name: 'topics-out', env: { FRESHET_SUBMIT_TOPICS: `${clicks}=json` } });
  const url = new URL(place.workspace.config.FRESHET_POSTGRES_URL);
  link = await createCuttableLink({ host: url.hostname, port: Number(url.port) });
  url.hostname = '127.0.0.1';
  url.port = String(link.port);
  linked = { ...place.workspace.config, FRESHET_POSTGRES_URL: url.href };
});
afterAll(async () => {
  await link?.close();
  await place?.close();
});

describe('what was handed in by a topic', () => {
  it('waits while Postgres is away, and nothing is set aside', async () => {
    const intake = await startIntake(linked);
    try {
      await send(200);
      await place.caughtUp();
      link.cut();
      await send(300);
      await eventually(() => {
        const waiting = intake.status().flatMap(({ partitions }) => partitions.filter((one) => one.waitingFor));
        expect(waiting.length).toBeGreaterThan(0);
      });
      expect(await storedCount()).toBe(200);
      link.mend();
      await place.caughtUp();
      await expectAllOnce();
      expect(intake.failures).toEqual([]);
    } finally {
      link.mend();
      await intake.stop();
    }
  });

  it('is stored once where connections break at any moment, before or after a commit', async () => {
    const intake = await startIntake(place.workspace.config);
    try {
      for (let round = 0; round < 8; round += 1) {
        await send(400);
        await eventually(async () => expect(await storedCount()).toBeGreaterThan(sent - 400));
        await place.resources.database.query({
          text: `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                  WHERE datname = current_database() AND pid <> pg_backend_pid()`,
        });
      }
      await place.caughtUp();
      await expectAllOnce();
      expect(intake.failures).toEqual([]);
    } finally {
      await intake.stop();
    }
  });

  it('is stored once whenever its process is killed, and beside another that shares the work', async () => {
    await using killed = await startRun(place.workspace.env, ['--roles', 'intake']);
    await send(10_000);
    await eventually(async () => expect(await storedCount()).toBeGreaterThan(sent - 10_000), { everyMs: 1 });
    killed.send('SIGKILL');
    await killed.ended(5_000);
    const members = [await startIntake(place.workspace.config, 'a'), await startIntake(place.workspace.config, 'b')];
    try {
      await send(500);
      await place.caughtUp();
      await expectAllOnce();
    } finally {
      for (const member of members) await member.stop();
    }
  });

  it('counts once where the offset is lost and the topic is read again from its beginning', async () => {
    await place.resources.database.query({ text: `DELETE FROM consumer_offset WHERE stage = 'intake'` });
    const intake = await startIntake(place.workspace.config);
    try {
      await place.caughtUp();
      await expectAllOnce();
      const { values } = await intake.metrics.ingestResults.get();
      expect(values).toMatchObject([{ labels: { door: clicks, result: 'duplicate' }, value: sent }]);
    } finally {
      await intake.stop();
    }
  });

  it('has its dead letters beside the topic, whatever that is called', async () => {
    const intake = await startIntake(place.workspace.config);
    try {
      await place.send(clicks, [{ key: null, value: 'no' }]);
      await place.caughtUp();
      expect(await place.letters()).toMatchObject([{ topic: clicks, reason: 'undecodable', stage: 'intake' }]);
      const rows = await place.resources.database.query<{ topic: string }>({
        text: `SELECT topic FROM outbox WHERE topic <> $1`,
        values: [topics.interactionRecorded.name],
      });
      expect(rows).toEqual([{ topic: `${clicks}.intake.dlq` }]);
    } finally {
      await intake.stop();
    }
  });
});
