import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTopic } from '../../ops/topics/read-topic.ts';
import { framePrefixBytes } from '../../pipeline/broker/registry/framing.ts';
import type { Resources } from '../../pipeline/main/resources.ts';
import { topics } from '../../schemas/topics.ts';
import { eventually } from '../support/eventually.ts';
import { type FreshetRun, startRun } from '../support/freshet-child.ts';
import { newestRecords } from '../support/newest-records.ts';
import { createOwnStack, type OwnStack } from '../support/own-stack.ts';
import { createRelease, type Release } from '../support/release.ts';
import { type SteadyTraffic, startSteadyTraffic } from '../support/steady-traffic.ts';
import { createInstalledWorkspace, openTestResources } from '../support/whole-process.ts';
import type { Workspace } from '../support/workspace.ts';

const users = 50;
const began = Date.now() - 3_600_000;
const winter = 'season:winter';
const sale = 'event:sale';
const consumer = ['--roles', 'aggregation'];
const producer = ['--roles', 'enrichment'];
const because = ['--because', 'tags of three releases'];

let stack: OwnStack;
let workspace: Workspace;
let resources: Resources;
let traffic: SteadyTraffic;
let others: FreshetRun;
let consumers: FreshetRun;
let producers: FreshetRun;
const releases: Release[] = [];

const count = async (text: string): Promise<number> =>
  Number((await resources.database.query<{ n: bigint }>({ text }))[0]?.n ?? 0);
const applied = () => count('SELECT count(*) AS n FROM applied_event_0 WHERE state_version = 1');
const profilesWith = (tag: string) =>
  count(`SELECT count(*) AS n FROM user_profile WHERE state_version = 1 AND body::text LIKE '%${tag}%'`);

beforeAll(async () => {
  stack = await createOwnStack();
  workspace = await createInstalledWorkspace({ name: 'evolution', stack: stack.urls });
  resources = await openTestResources(workspace);
  others = await startRun(workspace.env, ['--roles', 'http,relay,catalog,candidates,dlq-index']);
  consumers = await startRun(workspace.env, consumer);
  producers = await startRun(workspace.env, producer);
  traffic = startSteadyTraffic({
    url: others.url,
    perSecond: 200,
    eventOf: (n) => ({
      event_id: `e-${n}`,
      namespace: 'shop',
      user_id: `u-${n % users}`,
      item_id: `item-${n % 20}`,
      type: 'click',
      occurred_at: began + n,
    }),
  });
});
afterAll(async () => {
  await traffic?.stop().catch(() => undefined);
  for (const run of [producers, consumers, others]) await run?.[Symbol.asyncDispose]();
  for (const release of releases) release.remove();
  await resources?.close();
  await workspace?.close();
  await stack?.close();
});

interface Change {
  readonly field: string;
  readonly tag: string;
  /** Where aggregation counts tags, and what it counts there from now on. */
  readonly counting: readonly [piece: string, by: string];
}

/** The next release: one more list of tags, which enrichment fills and aggregation counts. */
async function develop(from: Release | undefined, { field, tag, counting }: Change): Promise<Release> {
  const release = from ? from.next() : createRelease();
  releases.push(release);
  const member = field.replace('_t', 'T');
  const add = ['--add', `${field}:string[]`, '--doc', `Tags that enrichment adds, such as ${tag}.`];
  expect(await release.freshet(['schemas', 'evolve', 'interaction-enriched.v1', ...add])).toMatchObject({ code: 0 });
  const enrichment = 'pipeline/stages/enrichment/enrichment.ts';
  release.edit(enrichment, 'tags: item?.tags ?? [],', `tags: item?.tags ?? [],\n    ${member}: ['${tag}'],`);
  release.edit('pipeline/domain/feature/profile.ts', ...counting);
  expect(await release.freshet(['schemas', 'record'])).toMatchObject({ code: 0 });
  return release;
}

/** What a data engineer runs before and at the change of a registry. */
async function apply(release: Release, { field, version }: { field: string; version: number }): Promise<void> {
  const planned = await release.freshet(['schemas', 'plan'], workspace.env);
  expect(planned.output).toContain(`engagement.interaction.enriched.v1-value: register v${version}`);
  expect(planned.output).toContain(`${field}: added: array of string; older records read []`);
  expect(planned.output).toContain(`consumers: aggregation; until then they do not see \`${field}\``);
  expect(planned.code).toBe(0);
  expect(await release.freshet(['schemas', 'apply'], workspace.env)).toMatchObject({ code: 0 });
  expect((await release.freshet(['schemas', 'plan'], workspace.env)).output).toContain('has every recorded version');
}

/** One process takes the place of another, which is asked to end. */
async function roll(old: FreshetRun, release: Release, roles: readonly string[]): Promise<FreshetRun> {
  const run = await release.run(workspace.env, roles);
  old.send('SIGTERM');
  expect(await old.ended(30_000)).toEqual({ code: 0, signal: null });
  return run;
}

async function untilMoreApplied(more: number): Promise<void> {
  const before = await applied();
  await eventually(async () => expect(await applied()).toBeGreaterThan(before + more), { withinMs: 30_000 });
}

/** Events by the release that enriched them, oldest first, each where it came first. */
async function enrichedByRelease(): Promise<number[]> {
  const schemaOf = new Map<string, number>();
  const reader = resources.codec.reader(topics.interactionEnriched);
  await readTopic(resources, {
    topic: topics.interactionEnriched.name,
    async onRecord({ value }) {
      const read = value && (await reader.read(value));
      if (!read?.ok || !value) throw new Error('a record of the topic cannot be read');
      const { eventId } = read.value;
      if (!schemaOf.has(eventId)) schemaOf.set(eventId, value.readInt32BE(framePrefixBytes - 4));
    },
  });
  const ids = [...new Set(schemaOf.values())].sort((a, b) => a - b);
  return ids.map((id) => [...schemaOf.values()].filter((one) => one === id).length);
}

/** How often a tag was counted in a version of state. */
async function counted(tag: string, version: number): Promise<number> {
  const profiles = await newestRecords(resources, topics.profileUpdated, version);
  const counts = profiles.flatMap(({ affinity }) => affinity.filter((one) => one.tag === tag));
  return counts.reduce((sum, one) => sum + one.count, 0);
}

describe('a record that gets a new field while events flow', () => {
  let second: Release;
  let third: Release;

  it('reaches state when consumers go first, then producers', async () => {
    await untilMoreApplied(500);
    second = await develop(undefined, {
      field: 'season_tags',
      tag: winter,
      counting: ['event.tags, type', '[...event.tags, ...event.seasonTags], type'],
    });
    await apply(second, { field: 'season_tags', version: 2 });
    consumers = await roll(consumers, second, consumer);
    await untilMoreApplied(300);
    expect(await profilesWith(winter)).toBe(0);
    producers = await roll(producers, second, producer);
    await eventually(async () => expect(await profilesWith(winter)).toBe(users), { withinMs: 30_000 });
  });

  it('and loses nothing when producers go first', async () => {
    third = await develop(second, {
      field: 'event_tags',
      tag: sale,
      counting: ['...event.seasonTags]', '...event.seasonTags, ...event.eventTags]'],
    });
    await apply(third, { field: 'event_tags', version: 3 });
    producers = await roll(producers, third, producer);
    await untilMoreApplied(500);
    expect(await profilesWith(sale)).toBe(0);
    consumers = await roll(consumers, third, consumer);
    await eventually(async () => expect(await profilesWith(sale)).toBe(users), { withinMs: 30_000 });
  });

  it('is read from the earliest record on by a rebuild, over all three versions', async () => {
    await traffic.stop();
    await eventually(async () => expect(await applied()).toBe(traffic.accepted()), { withinMs: 60_000 });
    expect(await third.freshet(['rebuild', 'start', ...because], workspace.env)).toMatchObject({ code: 0 });
    const promoted = await third.freshet(['rebuild', 'promote', '--within', '90', ...because], workspace.env);
    expect(promoted.code, promoted.output).toBe(0);

    const [one, two, three, ...more] = (await enrichedByRelease()) as [number, number, number];
    expect(more).toEqual([]);
    expect(one + two + three).toBe(traffic.accepted());
    await eventually(async () => expect(await counted(sale, 2)).toBe(three), { withinMs: 30_000 });
    expect(await counted(winter, 2)).toBe(two + three);
    expect(await counted(winter, 1)).toBe(two + three);
    expect(await counted(sale, 1)).toBeLessThan(three); // what came before its consumers
    expect(await count('SELECT count(*) AS n FROM dead_letter')).toBe(0);
  });
});
