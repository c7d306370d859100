import { expect, it } from 'vitest';
import { createMetrics, metricsOfOutbox } from '../../../pipeline/kernel/metrics.ts';

it('tells apart what relays of several outboxes write, and forgets that of one alone', async () => {
  const metrics = createMetrics();
  const [ours, theirs] = [metricsOfOutbox(metrics, 'main'), metricsOfOutbox(metrics, 'host/orders')];
  ours.relayLeases.set(16);
  theirs.relayLeases.set(8);
  ours.relayPublished.inc({ topic: 't' }, 3);
  theirs.relayPublished.inc({ topic: 't' });
  ours.relayPublishSeconds.observe(0.01);
  ours.outboxParked.set({ reason: 'a' }, 1);
  ours.outboxParked.set({ reason: 'b' }, 1);
  theirs.outboxParked.set({ reason: 'a' }, 1);
  ours.outboxParked.reset();
  ours.outboxParked.set({ reason: 'b' }, 5);
  ours.stageRecords.inc({ stage: 's', outcome: 'o', reason: '' });
  const lines = (await metrics.registry.metrics()).split('\n').filter((line) => !line.startsWith('#'));
  const of = (name: string) => lines.filter((line) => line.startsWith(`${name}{`)).sort();
  expect(of('freshet_relay_leases_held')).toEqual([
    'freshet_relay_leases_held{outbox="host/orders"} 8',
    'freshet_relay_leases_held{outbox="main"} 16',
  ]);
  expect(of('freshet_relay_published_records_total')).toEqual([
    'freshet_relay_published_records_total{topic="t",outbox="host/orders"} 1',
    'freshet_relay_published_records_total{topic="t",outbox="main"} 3',
  ]);
  expect(of('freshet_relay_publish_seconds_count')).toEqual(['freshet_relay_publish_seconds_count{outbox="main"} 1']);
  expect(of('freshet_outbox_parked_records')).toEqual([
    'freshet_outbox_parked_records{reason="a",outbox="host/orders"} 1',
    'freshet_outbox_parked_records{reason="b",outbox="main"} 5',
  ]);
  expect(of('freshet_stage_records_total')).toHaveLength(1);
});
