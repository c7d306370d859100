import { describe, expect, test } from 'vitest';
import { applyTopics } from '../../../../ops/topics/apply.ts';
import { diagnoseTopics } from '../../../../ops/topics/doctor.ts';
import { describeChange, planTopics } from '../../../../ops/topics/plan.ts';
import { topicSpec } from '../../../../ops/topics/topic-config.ts';
import type { BrokerAdmin, TopicSpec, TopicState } from '../../../../pipeline/broker/admin.ts';
import { createLogger } from '../../../../pipeline/kernel/logger.ts';
import { installedTopics } from '../../../../pipeline/main/installed-topics.ts';
import { allTopics, deadLetterTopic, topics } from '../../../../schemas/topics.ts';

const spec = topicSpec(topics.itemChanged);
const agreeing: TopicState = { ...spec, config: { ...spec.config, 'compression.type': 'producer' } };
const log = createLogger('error');

/** A cluster in memory, as far as the commands use one. */
function clusterOf(states: TopicState[]) {
  const calls: string[] = [];
  const admin: BrokerAdmin = {
    offsets: async (topic) => [{ topic, partition: 0, low: 2n, high: 5n }],
    offsetsAt: async () => [],
    describe: async (names) => states.filter(({ name }) => names.includes(name)),
    async create(specs: readonly TopicSpec[]) {
      calls.push(`create ${specs.map(({ name }) => name).join()}`);
      states.push(...specs);
    },
    async configure(one) {
      calls.push(`configure ${one.name}`);
      states.splice(
        0,
        states.length,
        ...states.map((state) => (state.name === one.name ? { ...state, ...one } : state)),
      );
    },
    deleteGroup: async () => {},
    close: async () => {},
  };
  return { admin, calls };
}

describe('planning', () => {
  test('nothing changes where the cluster agrees, whatever else it holds', () => {
    expect(planTopics([spec], [agreeing])).toEqual([]);
  });

  test('cleanup policies are compared as sets', () => {
    const session = topicSpec(topics.sessionUpdated);
    const state = { ...session, config: { ...session.config, 'cleanup.policy': 'delete,compact' } };
    expect(planTopics([session], [state])).toEqual([]);
  });

  test('a missing topic is created and a differing value set', () => {
    const differing = { ...agreeing, config: { ...agreeing.config, 'retention.ms': '5' } };
    expect(planTopics([spec], [])).toEqual([{ kind: 'create', spec }]);
    const [change] = planTopics([spec], [differing]);
    expect(change).toMatchObject({ kind: 'configure', configs: [{ name: 'retention.ms', is: '5', wanted: '-1' }] });
    expect(change && describeChange(change)).toContain('retention.ms 5 → -1');
  });

  test('another partition count is refused with a remedy', () => {
    const [change] = planTopics([spec], [{ ...agreeing, partitions: 4 }]);
    expect(change).toMatchObject({ kind: 'refuse', partitions: 4 });
    expect(change && describeChange(change)).toMatch(/next version/);
  });
});

describe('applying', () => {
  test('creates and configures, and a second run does nothing', async () => {
    const { admin, calls } = clusterOf([{ ...agreeing, config: { ...agreeing.config, 'segment.ms': '1' } }]);
    await applyTopics({ admin, log, topics: [topics.itemChanged, topics.userChanged] });
    expect(calls).toEqual([`create ${topics.userChanged.name}`, `configure ${topics.itemChanged.name}`]);
    expect(await applyTopics({ admin, log, topics: [topics.itemChanged, topics.userChanged] })).toEqual([]);
    expect(calls).toHaveLength(2);
  });

  test('changes nothing at all where one partition count differs', async () => {
    const { admin, calls } = clusterOf([{ ...agreeing, partitions: 4 }]);
    await expect(applyTopics({ admin, log })).rejects.toMatchObject({ code: 'topics_refused' });
    expect(calls).toEqual([]);
  });

  test('a dry run says what would happen and does nothing', async () => {
    const { admin, calls } = clusterOf([]);
    expect(await applyTopics({ admin, log, dryRun: true })).toHaveLength(allTopics.length);
    expect(calls).toEqual([]);
  });
});

describe('a topic that was retired', () => {
  const ended = { ...topics.userChanged, producers: [], retired: { since: '2026-01-31', reason: 'users moved' } };
  const state = { ...agreeing, name: ended.name };

  test('is not made anew where it is gone, nor are its dead letters', async () => {
    const { admin, calls } = clusterOf([]);
    const letters = deadLetterTopic(ended, 'catalog-users');
    expect(await applyTopics({ admin, log, topics: [ended, letters] })).toEqual([]);
    expect(calls).toEqual([]);
    expect(await diagnoseTopics({ admin, topics: [ended, letters] })).toMatchObject({ findings: [], topics: 0 });
  });

  test('is told of for as long as it is there, with what it still holds', async () => {
    const { admin } = clusterOf([state]);
    const { findings, retired } = await diagnoseTopics({ admin, topics: [ended] });
    expect({ findings, retired }).toEqual({ findings: [], retired: [{ topic: ended.name, records: 3n }] });
  });
});

describe('a topic that the configuration names', () => {
  const { all } = installedTopics([{ name: 'clicks', format: 'json' }]);
  const clicks = all.filter(({ name }) => name.startsWith('clicks'));
  const letters = 'clicks.intake.dlq';

  test('is made like our own where it is missing', async () => {
    const { admin, calls } = clusterOf([]);
    await applyTopics({ admin, log, topics: clicks });
    expect(calls).toEqual([`create clicks,${letters}`]);
    expect(await applyTopics({ admin, log, topics: clicks })).toEqual([]);
  });

  test('is left as it is where it is there, and its dead letters have room for its largest record', async () => {
    const config = { 'cleanup.policy': 'compact', 'retention.ms': '1', 'max.message.bytes': '5000000' };
    const { admin, calls } = clusterOf([{ name: 'clicks', partitions: 12, config }]);
    const changes = await applyTopics({ admin, log, topics: clicks });
    expect(calls).toEqual([`create ${letters}`]);
    expect(changes).toMatchObject([{ spec: { partitions: 8, config: { 'max.message.bytes': '5065536' } } }]);
    const { findings } = await diagnoseTopics({ admin, topics: clicks });
    expect(findings).toEqual([]);
  });
});

describe('the doctor', () => {
  test('names each difference with its remedy and counts what is readable', async () => {
    const { admin } = clusterOf([{ ...agreeing, partitions: 4, config: { ...agreeing.config, 'segment.ms': '1' } }]);
    const {
      findings,
      topics: found,
      records,
    } = await diagnoseTopics({ admin, topics: [topics.itemChanged, topics.userChanged] });
    expect(findings.map(({ topic, problem }) => `${topic} ${problem}`)).toEqual([
      'catalog.item.changed.v1 has 4 partitions, the catalogue says 8',
      'catalog.item.changed.v1 segment.ms is 1, the catalogue says 86400000',
      'audience.user.changed.v1 is not there',
    ]);
    expect([found, records]).toEqual([1, 3n]);
  });

  test('a topic that does not answer is a finding, not a crash', async () => {
    const { admin } = clusterOf([agreeing]);
    const silent: BrokerAdmin = { ...admin, offsets: () => Promise.reject(new Error('no leader')) };
    const { findings } = await diagnoseTopics({ admin: silent, topics: [topics.itemChanged] });
    expect(findings).toMatchObject([{ topic: spec.name, problem: 'does not answer: no leader' }]);
  });
});
