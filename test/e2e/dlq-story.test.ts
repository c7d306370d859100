import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { referenceActivity, referenceUser } from '../../ops/chaos/consumers/reference.ts';
import { startProcess } from '../../ops/process/process.ts';
import { roles } from '../../ops/process/roles.ts';
import { createRegistryAdmin } from '../../ops/schemas/registry-admin.ts';
import { systemClock } from '../../pipeline/kernel/clock.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import { createMetrics } from '../../pipeline/kernel/metrics.ts';
import type { RunnerStatus } from '../../pipeline/kernel/runner/options.ts';
import type { Resources } from '../../pipeline/main/resources.ts';
import { stageComponent } from '../../pipeline/main/stage-component.ts';
import { createEnrichment } from '../../pipeline/stages/enrichment/enrichment.ts';
import type { CatalogReader, KnownItem } from '../../pipeline/stores/catalog.ts';
import { createCatalogReader } from '../../pipeline/stores/postgres/catalog-reader.ts';
import type { InteractionEnriched } from '../../schemas/generated/interaction-enriched.v1.ts';
import { jsonTopics, topics } from '../../schemas/topics.ts';
import { eventually } from '../support/eventually.ts';
import { startFreshet } from '../support/freshet-child.ts';
import { newestRecords } from '../support/newest-records.ts';
import { openShopper } from '../support/shopper.ts';
import { openTestResources, startWholeProcess, untilReady, type WholeProcess } from '../support/whole-process.ts';
import { context, interaction } from '../unit/pipeline/stages/aggregation/events.ts';

const namespace = 'shop';
const withinMs = 60_000;
const token = 'operator-token-1';
const settings = { sessionGapMs: 1_800_000, sessionItemCap: 200, historySize: 200 };
const limits = { ...settings, affinityDays: 90, affinityLimit: 2_000, itemSetLimit: 500 };
/** 2 % of a thousand: the 21st dead letter of a partition stops it. */
const ratio = 0.02;
const mostLetters = 21;

const users = 40;
const items = Array.from({ length: 50 }, (_, n) => ({
  item_id: `item-${n}`,
  tags: [n % 5 === 0 ? 'category:garden' : 'category:kitchen', `brand:b${n % 7}`],
}));
const eventCount = 2_400;
/** The version of state that a rebuild makes beside the first. */
const rebuilt = 2;

let whole: WholeProcess;
let resources: Resources;
let sent: InteractionEnriched[];

beforeAll(async () => {
  const env = {
    FRESHET_DLQ_LIMIT_RATIO: String(ratio),
    FRESHET_ADMIN_TOKENS: `ann:${createHash('sha256').update(token).digest('hex')}`,
  };
  whole = await startWholeProcess({ name: 'e2e-dlq', env, roles: roles.filter((role) => role !== 'enrichment') });
  resources = await openTestResources(whole.workspace);
  await whole.shopper.post('/v1/items:upsert', { items: items.map((one) => ({ ...one, namespace, revision: 1 })) });
  await eventually(async () => expect(await query('SELECT FROM item')).toHaveLength(items.length), { withinMs });
});
afterAll(async () => {
  await resources?.close();
  await whole?.close();
});

const query = <R extends object = Record<string, unknown>>(text: string, values: unknown[] = []) =>
  resources.database.query<R>({ text, values });

/** Enrichment as it was deployed on a bad day: whatever is of the garden breaks it. */
function brokenCatalog(sound: CatalogReader): CatalogReader {
  const broken = (item: KnownItem): KnownItem => ({
    get tags(): KnownItem['tags'] {
      if (item.tags.includes('category:garden')) throw new TypeError('cannot read the hardiness zone');
      return item.tags;
    },
  });
  return {
    ...sound,
    findItems: async (refs) => new Map([...(await sound.findItems(refs))].map(([key, item]) => [key, broken(item)])),
  };
}

async function deployBroken() {
  const lines: string[] = [];
  const metrics = createMetrics();
  let status: (() => RunnerStatus) | undefined;
  const log = createLogger('error', { write: (line) => void lines.push(line) });
  const process = {
    config: whole.workspace.config,
    log,
    metrics,
    clock: systemClock,
    random: Math.random,
    instance: `broken-${randomUUID()}`,
    appVersion: 'broken',
    onStage: (_: string, of: (() => RunnerStatus) | undefined) => {
      status = of;
    },
  };
  const catalog = brokenCatalog(createCatalogReader(resources.database));
  const component = stageComponent(process, resources, {
    stage: createEnrichment({ catalog, unknownItems: 'accept' }),
    sources: [topics.interactionRecorded],
    target: topics.interactionEnriched,
    eventIdOf: ({ eventId }) => eventId,
  });
  const running = await component.start((error) => {
    throw error;
  });
  return { lines, metrics, running, status: () => status?.() };
}

async function sendEvents(): Promise<InteractionEnriched[]> {
  const startedAt = Date.now() - 3_600_000;
  const events = Array.from({ length: eventCount }, (_, n) => ({
    event_id: `e-${n}`,
    namespace,
    user_id: `u-${n % users}`,
    item_id: `item-${(n * 7) % items.length}`,
    type: n % 4 === 0 ? 'add' : 'click',
    ...(n % 4 === 0 ? { value: 1 } : {}),
    occurred_at: startedAt + n * 1_000,
    context: { surface: 'home' },
  }));
  const sentEvents: InteractionEnriched[] = [];
  for (let from = 0; from < events.length; from += 400) {
    const batch = events.slice(from, from + 400);
    const results = await whole.shopper.post('/v1/events:batch', { events: batch });
    for (const [at, { received_at: receivedAt }] of results.entries()) {
      const { event_id: eventId, user_id: userId, item_id: itemId, occurred_at: occurredAt, type } = batch[at] as never;
      const tags = items.find((one) => one.item_id === itemId)?.tags ?? [];
      const fields = { eventId, namespace, userId, itemId, occurredAt, type, receivedAt, tags, segment: 'home|' };
      sentEvents.push(interaction({ ...fields, context: context({ surface: 'home' }) }));
    }
  }
  return sentEvents;
}

/** One verb of the command line; its report. */
async function verb(...args: string[]): Promise<{ runs: Record<string, unknown>[]; summary: Record<string, unknown> }> {
  await using child = startFreshet([...args, '--json'], whole.workspace.env);
  expect(await child.ended(withinMs), child.lines.join('\n')).toEqual({ code: 0, signal: null });
  const from = child.lines.indexOf('{');
  const to = child.lines.lastIndexOf('}');
  return JSON.parse(child.lines.slice(from, to + 1).join('\n'));
}

const asOperator = (path: string, body?: unknown) =>
  openShopper(whole.process.adminUrl ?? '').call(`/admin/dlq/${path}`, body, { authorization: `Bearer ${token}` });

async function appliedEvents(): Promise<string[]> {
  const windows = [0, 1, 2].map((n) => `SELECT id::text FROM applied_event_${n} WHERE state_version = 1`);
  return (await query<{ id: string }>(windows.join(' UNION ALL '))).map(({ id }) => id);
}

async function countedActivity(version: number): Promise<Record<string, number>> {
  const rows = await query<{ key: string; count: number }>(
    `SELECT concat_ws(' ', namespace, hour, segment, item_id,
                      (ARRAY['view','click','add'])[type + 1]) AS key, sum(count)::int AS count
       FROM item_activity WHERE state_version = $1 GROUP BY 1`,
    [version],
  );
  return Object.fromEntries(rows.map(({ key, count }) => [key, count]));
}

describe('a bad deploy of enrichment', () => {
  let letters: number;

  it('sets aside what breaks it, and halts before it has set aside much', async () => {
    const broken = await deployBroken();
    sent = await sendEvents();
    const status = await eventually(
      () => {
        const now = broken.status();
        expect(now?.state).toBe('halted');
        return now;
      },
      { withinMs },
    );
    const stopped = status?.partitions.filter(({ paused }) => paused === 'dlq_limit') ?? [];
    expect(stopped.length).toBeGreaterThanOrEqual(4);
    expect(broken.running.unready?.()).toMatch(/halted: dead letters reached their limit/);
    const said = broken.lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
    expect(said.filter((msg) => msg === 'partition paused').length).toBeGreaterThanOrEqual(4);
    expect(said.filter((msg) => msg === 'stage halted')).toHaveLength(1);
    const { values } = await broken.metrics.stagePaused.get();
    const paused = values.find(({ labels }) => labels.reason === 'dlq_limit');
    expect(paused?.value).toBeGreaterThanOrEqual(4);
    await broken.running.stop();

    const ends = await resources.admin.offsets('engagement.interaction.recorded.v1.enrichment.dlq');
    letters = ends.reduce((sum, { high }) => sum + Number(high), 0);
    expect(ends.filter(({ high }) => high === BigInt(mostLetters)).length).toBeGreaterThanOrEqual(4);
    for (const { high } of ends) expect(high).toBeLessThanOrEqual(BigInt(mostLetters));
    await eventually(
      async () => {
        const { rows } = (await (await asOperator('summary?status=open')).json()) as { rows: { count: number }[] };
        expect(rows).toMatchObject([{ stage: 'enrichment', reason: 'unhandled', count: letters }]);
      },
      { withinMs },
    );
    const page = (await (await asOperator('letters?limit=1&text=hardiness')).json()) as { letters: { id: string }[] };
    const shown = await asOperator(`letters/${encodeURIComponent(page.letters[0]?.id ?? '')}`);
    expect(await shown.json()).toMatchObject({
      reason: 'unhandled',
      message: 'cannot read the hardiness zone',
      app_version: 'broken',
      writer_schema: 'freshet.InteractionRecorded',
      value: { namespace, context: { surface: 'home' } },
      unreadable_today: null,
      history: [],
    });
  });

  it('is mended by a rebuild from what was recorded, before anything is redriven', async () => {
    await verb('rebuild', 'start', '--from', 'recorded', '--because', 'gardens broke enrichment');
    await untilAsReference(rebuilt);
    expect((await appliedEvents()).length).toBeLessThan(eventCount); // version 1 lacks what enrichment did not handle
  });

  it('is mended by a sound one and a redrive: state is what all events make of it', async () => {
    const sound = await startProcess({
      config: whole.workspace.config,
      roles: new Set(['enrichment']),
      log: createLogger('error'),
      onFatal: (_, error) => {
        throw error;
      },
    });
    await untilReady(sound);
    await eventually(async () => expect(await appliedEvents()).toHaveLength(eventCount - letters), { withinMs });

    const chosen = ['--stage', 'enrichment', '--reason', 'unhandled'];
    const rehearsed = await verb('dlq', 'redrive', ...chosen, '--dry-run');
    expect(rehearsed.summary).toMatchObject({ would_be_redriven: letters, refused: 0 });
    expect(await query("SELECT FROM operator_audit WHERE verb LIKE 'dlq%'")).toEqual([]);
    const why = ['--because', 'enrichment reads gardens again', '--operator', 'ann'];
    const redriven = await verb('dlq', 'redrive', ...chosen, '--rate', '500', ...why);
    expect(redriven.summary).toMatchObject({ redriven: letters, refused: 0, busy: 0, ended_by: null });
    await eventually(async () => expect(await appliedEvents()).toHaveLength(eventCount), { withinMs });
    const again = await verb('dlq', 'redrive', ...chosen, ...why);
    expect(again.summary).toMatchObject({ redriven: 0 });

    expect(new Set(await appliedEvents()).size).toBe(eventCount);
    await untilAsReference(1);
    const audit = "SELECT operator, verb, reason, details FROM operator_audit WHERE verb LIKE 'dlq%' ORDER BY id";
    expect(await query(audit)).toMatchObject([
      { operator: 'ann', verb: 'dlq redrive', reason: why[1], details: { state: 'done', settled: letters } },
      { operator: 'ann', verb: 'dlq redrive', details: { state: 'done', settled: 0 } },
    ]);
    expect(await query("SELECT DISTINCT status FROM dead_letter WHERE stage = 'enrichment'")).toEqual([
      { status: 'redriven' },
    ]);
    const redrivenRecords = (await sound.metrics.stageRedriven.get()).values;
    expect(redrivenRecords).toMatchObject([{ labels: { stage: 'enrichment', outcome: 'emit' }, value: letters }]);
    await sound.stop();
  });

  it('leaves two versions of state that are the same, and the rebuilt one is not needed any more', async () => {
    const { runs: tables } = await verb('rebuild', 'compare', '1', '--with', String(rebuilt));
    expect(tables.map(({ differingRanges }) => differingRanges)).toEqual([[], [], [], []]);
    await verb('rebuild', 'abort', String(rebuilt), '--because', 'the letters were redriven');
  });
});

const userIds = Array.from({ length: users }, (_, n) => `u-${n}`);

function referenceStates() {
  return userIds.map((userId) => {
    const state = referenceUser(
      sent.filter((event) => event.userId === userId),
      limits,
    );
    return {
      userId,
      lastEvent: state?.lastEvent,
      recent: state?.recent,
      affinity: state?.affinity,
      sessions: state?.sessions,
    };
  });
}

/** Counts and every user's records of a version of state are what the reference makes of all events. */
async function untilAsReference(version: number): Promise<void> {
  await eventually(
    async () => {
      expect(await countedActivity(version)).toEqual(referenceActivity(sent));
      expect(await statesOf(version)).toEqual(referenceStates());
    },
    { withinMs, everyMs: 500 },
  );
}

async function statesOf(version: number) {
  const [profiles, sessions] = [
    await newestRecords(resources, topics.profileUpdated, version),
    await newestRecords(resources, topics.sessionUpdated, version),
  ];
  return userIds.map((userId) => {
    const profile = profiles.find((one) => one.userId === userId);
    const own = sessions
      .filter((one) => one.userId === userId)
      .map(({ sessionId, firstOccurredAt, lastOccurredAt, items }) => ({
        sessionId,
        firstOccurredAt,
        lastOccurredAt,
        items,
      }))
      .sort((a, b) => (a.sessionId < b.sessionId ? -1 : 1));
    return {
      userId,
      lastEvent: profile?.lastEvent,
      recent: profile?.recent,
      affinity: profile?.affinity,
      sessions: own,
    };
  });
}

describe('poison of every kind', () => {
  it('has one letter each with the right reason, which list and show tell', async () => {
    const sound = await startProcess({
      config: whole.workspace.config,
      roles: new Set(['enrichment']),
      log: createLogger('error'),
      onFatal: (_, error) => {
        throw error;
      },
    });
    await untilReady(sound);
    const registry = createRegistryAdmin({ url: whole.workspace.config.FRESHET_REGISTRY_URL });
    const foreign = {
      type: 'record',
      name: 'InteractionRecorded',
      namespace: 'freshet',
      fields: [{ name: 'x', type: 'int' }],
    };
    const { id } = await registry.register(
      `${whole.workspace.config.FRESHET_KAFKA_TOPIC_PREFIX}poison-value`,
      JSON.stringify(foreign),
    );
    const framed = (schemaId: number, body: number[]) => {
      const prefix = Buffer.alloc(5);
      prefix.writeInt32BE(schemaId, 1);
      return Buffer.concat([prefix, Buffer.from(body)]);
    };
    const poison = {
      undecodable: () => Buffer.from([9, 8, 7]),
      schema_unknown: () => framed(2_000_000_000, [1, 2, 3]),
      schema_incompatible: () => framed(id, [84]),
    };
    for (const [reason, make] of Object.entries(poison)) {
      const records = Array.from({ length: 32 }, (_, n) => ({
        key: Buffer.from(reason),
        value: make(),
        partition: n % 8,
      }));
      await resources.producer.send([{ topic: topics.interactionRecorded.name, records }]);
    }
    const invalid = Array.from({ length: 40 }, (_, n) => ({
      key: null,
      value: Buffer.from(JSON.stringify({ event_id: `bad-${n}`, user_id: 'u', item_id: 'i', type: 'nonsense' })),
      partition: n % 8,
    }));
    await resources.producer.send([{ topic: jsonTopics.engagementEvents.name, records: invalid }]);
    const counts = await eventually(
      async () => {
        const rows = await query<{ reason: string; count: number }>(
          `SELECT reason, count(*)::int AS count FROM dead_letter WHERE status = 'open' GROUP BY 1`,
        );
        const found = Object.fromEntries(rows.map(({ reason, count }) => [reason, count]));
        expect(found).toEqual({ undecodable: 32, schema_unknown: 32, schema_incompatible: 32, invalid: 40 });
        return found;
      },
      { withinMs },
    );
    const said = {
      undecodable: /shorter than its framing/,
      schema_unknown: /does not know schema id 2000000000/,
      schema_incompatible: /cannot be read as/,
      invalid: /unknown_type: \$\.type/,
    };
    for (const [reason, message] of Object.entries(said)) {
      const found = await asOperator(`letters?reason=${reason}&limit=1000`);
      const { letters } = (await found.json()) as { letters: { id: string; reason: string; message: string }[] };
      expect(letters).toHaveLength(counts[reason] ?? 0);
      for (const one of letters) expect(one).toMatchObject({ reason, message: expect.stringMatching(message) });
      const shown = await (await asOperator(`letters/${letters[0]?.id}`)).json();
      const readable = reason === 'invalid' || reason === 'schema_incompatible';
      expect(shown).toMatchObject(
        readable ? { value: expect.anything() } : { undecodable: expect.any(String), value_base64: expect.any(String) },
      );
    }
    const rehearsed = await asOperator('redrive', { all: true, dry_run: true, limit: 1_000 });
    expect(await rehearsed.json()).toMatchObject({ would_be_redriven: 40, refused: 96 });
    await sound.stop();
  });
});
