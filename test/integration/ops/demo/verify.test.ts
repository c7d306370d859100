import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Click } from '../../../../ops/demo/click-log.ts';
import { interactionOf, namespace } from '../../../../ops/demo/replay.ts';
import { verify } from '../../../../ops/demo/verify.ts';
import { parseInteraction } from '../../../../pipeline/domain/intake/interaction.ts';
import { eventKeyId, userKey } from '../../../../pipeline/domain/keys.ts';
import { defaultSettings } from '../../../../pipeline/domain/settings.ts';
import type { Resources } from '../../../../pipeline/main/resources.ts';
import { appendOutbox } from '../../../../pipeline/stores/postgres/outbox-append.ts';
import type { InteractionRecorded } from '../../../../schemas/generated/interaction-recorded.v1.ts';
import { topics } from '../../../../schemas/topics.ts';
import { createInstalledWorkspace, openTestResources } from '../../../support/whole-process.ts';
import type { Workspace } from '../../../support/workspace.ts';

const version = 1;
const now = Date.now();
const a: Click = { eventId: 'a', sessionId: 's1', itemId: 'i1', occurredAt: now };
const b: Click = { eventId: 'b', sessionId: 's2', itemId: 'i2', occurredAt: now };
const c: Click = { eventId: 'c', sessionId: 's2', itemId: 'i3', occurredAt: now };
let workspace: Workspace;
let resources: Resources;

beforeAll(async () => {
  workspace = await createInstalledWorkspace({ name: 'verify' });
  resources = await openTestResources(workspace);
});
afterAll(async () => {
  await resources?.close();
  await workspace?.close();
});

function interaction(click: Click): InteractionRecorded {
  const rules = { receivedAt: now, settingsOf: () => defaultSettings, trace: null };
  const parsed = parseInteraction(interactionOf(click, 0), '$', rules);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

/** Each writes an event as the stage of that name does. */
const stages = {
  async outbox({ eventId, sessionId, occurredAt }: Click) {
    const key = userKey(namespace, sessionId);
    const row = { topic: topics.interactionRecorded.name, key, eventId, payload: null, occurredAt };
    await resources.database.transaction((tx) => appendOutbox(tx, [row]));
  },
  async published(click: Click) {
    const writer = await resources.codec.writer(topics.interactionRecorded);
    const record = { key: userKey(namespace, click.sessionId), value: writer.write(interaction(click)) };
    await resources.producer.send([{ topic: topics.interactionRecorded.name, records: [record] }]);
  },
  async enriched(click: Click) {
    const writer = await resources.codec.writer(topics.interactionEnriched);
    const joined = { itemKnown: true, tags: [], locale: null, segment: '|' };
    const value = writer.write({ ...interaction(click), ...joined });
    const record = { key: userKey(namespace, click.sessionId), value };
    await resources.producer.send([{ topic: topics.interactionEnriched.name, records: [record] }]);
  },
  async applied({ eventId }: Click) {
    const values = [version, eventKeyId(namespace, eventId)];
    // Windows rotate: an event that two of them hold was applied twice.
    const [row] = await resources.database.query({
      text: 'SELECT FROM applied_event_0 WHERE id = $1',
      values: [values[1]],
    });
    const table = row ? 'applied_event_1' : 'applied_event_0';
    await resources.database.query({ text: `INSERT INTO ${table} (state_version, id) VALUES ($1, $2)`, values });
  },
  async counted({ itemId }: Click) {
    await resources.database.query({
      text: `INSERT INTO item_activity (state_version, namespace, hour, segment, item_id, type, source_partition, count)
             VALUES ($1, $2, 0, '|', $3, 1, 0, 1)
             ON CONFLICT (state_version, namespace, hour, segment, item_id, type, source_partition)
             DO UPDATE SET count = item_activity.count + 1`,
      values: [version, namespace, itemId],
    });
  },
};
const names = Object.keys(stages) as (keyof typeof stages)[];
const check = (accepted: readonly Click[]) => verify(accepted, resources.database, resources, version);

it('finds every accepted event once in every stage, and says where one is missing or repeated', async () => {
  expect(await check([])).toEqual(names.map((stage) => ({ stage, events: 0, lost: 0, repeated: 0 })));
  for (const name of names) for (const click of [a, b]) await stages[name](click);
  expect(await check([a, b])).toEqual(names.map((stage) => ({ stage, events: 2, lost: 0, repeated: 0 })));
  expect(await check([a, b, c])).toEqual(names.map((stage) => ({ stage, events: 2, lost: 1, repeated: 0 })));
  for (const name of names) await stages[name](b);
  expect(await check([a, b])).toEqual(names.map((stage) => ({ stage, events: 2, lost: 0, repeated: 1 })));
  for (const name of names) await stages[name](c);
  expect(await check([a, b])).toEqual(names.map((stage) => ({ stage, events: 3, lost: 0, repeated: 2 })));
});
