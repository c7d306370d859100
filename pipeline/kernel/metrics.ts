import { Counter, Gauge, Histogram, Registry } from 'prom-client';

const seconds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];
/** Finer where the relay's targets lie: half of the records within 4 ms, 99 of 100 within 15. */
const publishSeconds = [
  0.001, 0.002, 0.003, 0.004, 0.006, 0.008, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1, 5, 30,
];
const sizes = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000];

/** What the catalogue below is written with. */
function makers(registry: Registry) {
  const registers = [registry];
  return {
    counter: <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
      new Counter({ name, help, labelNames: [...labelNames], registers }),
    gauge: <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
      new Gauge({ name, help, labelNames: [...labelNames], registers }),
    histogram: <L extends string>(name: string, help: string, buckets: number[], labelNames: readonly L[] = []) =>
      new Histogram({ name, help, buckets, labelNames: [...labelNames], registers }),
  };
}

type Makers = ReturnType<typeof makers>;

function ingestMetrics({ counter, gauge, histogram }: Makers) {
  return {
    ingestResults: counter(
      'freshet_ingest_events_total',
      'Events by door (http, or the topic they were handed in by), kind and result',
      ['door', 'kind', 'result', 'code'],
    ),
    ingestCommitSeconds: histogram('freshet_ingest_commit_seconds', 'Group commit duration', seconds),
    ingestBatchSize: histogram('freshet_ingest_batch_events', 'Events a group commit', sizes),
    ingestQueueDepth: gauge('freshet_ingest_queue_events', 'Events waiting for a group commit'),
    ingestHeldBytes: gauge('freshet_ingest_held_bytes', 'Bytes of request bodies not answered yet'),
    ingestRefused: counter('freshet_ingest_refused_requests_total', 'Requests answered 429 or 503 by code', ['code']),
    ingestShedding: gauge('freshet_ingest_shedding', '1 while an outbox limit keeps every door shut', ['reason']),
    catalogPullPages: counter(
      'freshet_catalog_pull_pages_total',
      'Pages asked of the catalogue service: stored, gone (its cursor), away, or refused',
      ['result'],
    ),
    catalogPullRejected: gauge(
      'freshet_catalog_pull_rejected_items',
      'Items that the last round of the pull, or the one under way, did not take',
    ),
    catalogPullRoundAt: gauge(
      'freshet_catalog_pull_round_ended_timestamp_seconds',
      'When this process last ended a round of the pull, seconds since the epoch; 0 where it has not',
    ),
    ingestRecent: counter(
      'freshet_ingest_recent_events_total',
      'Recent events for serving: written, of an unknown item, failed, or dropped while Redis was away',
      ['result'],
    ),
  };
}

/** Those with the label `outbox` are written by relays, each for its own. */
function outboxMetrics({ counter, gauge, histogram }: Makers) {
  return {
    outboxUnpublished: gauge(
      'freshet_outbox_unpublished_records',
      'Outbox records not yet acknowledged by the broker',
      ['outbox'],
    ),
    outboxOldestSeconds: gauge('freshet_outbox_oldest_unpublished_seconds', 'Age of the oldest unpublished record', [
      'outbox',
    ]),
    outboxPartitions: gauge('freshet_outbox_partitions', 'Partitions of the outbox by state', ['outbox', 'state']),
    outboxPartitionsDropped: counter('freshet_outbox_partitions_dropped_total', 'Partitions dropped by this process', [
      'outbox',
    ]),
    outboxOldestPartitionSeconds: gauge(
      'freshet_outbox_oldest_partition_seconds',
      'Time since the oldest partition was filled; 0 where none is',
      ['outbox'],
    ),
    outboxOldestTransactionSeconds: gauge(
      'freshet_outbox_oldest_transaction_seconds',
      'Age of the oldest transaction that holds back partition drops (xid) or vacuum of the cursors (xmin)',
      ['outbox', 'holds'],
    ),
    outboxDeadTuples: gauge('freshet_outbox_dead_tuples', 'Dead row versions of tables the relay rewrites', [
      'outbox',
      'table',
    ]),
    outboxParked: gauge('freshet_outbox_parked_records', 'Records set aside by reason', ['outbox', 'reason']),
    relayUnownedShards: gauge('freshet_relay_unowned_shards', 'Shards whose lease nobody holds', ['outbox']),
    relayPublished: counter('freshet_relay_published_records_total', 'Records acknowledged by the broker', [
      'outbox',
      'topic',
    ]),
    relayPublishSeconds: histogram(
      'freshet_relay_publish_seconds',
      'Row created to broker acknowledgement',
      publishSeconds,
      ['outbox'],
    ),
    relayPageSize: histogram('freshet_relay_page_records', 'Records a page', sizes, ['outbox']),
    relayServing: gauge('freshet_relay_serving', '1 while the outbox is read and its leases are renewed', ['outbox']),
    relayWakeUpMode: gauge('freshet_relay_wakeup_mode', '1 for how commits are heard of: notify, or polling alone', [
      'outbox',
      'mode',
    ]),
    relayLeases: gauge('freshet_relay_leases_held', 'Shards held by this relay', ['outbox']),
    relayLeaseChanges: counter('freshet_relay_lease_changes_total', 'Leases taken, given back or lost', [
      'outbox',
      'change',
    ]),
    relayParked: counter('freshet_relay_parked_records_total', 'Records parked', ['outbox', 'reason']),
  };
}

/** Of every stage's metrics: its state version sets a rebuild apart from what is live; 0 where it has none. */
const stage = ['stage', 'version'] as const;
const partition = [...stage, 'topic', 'partition'] as const;

function stageMetrics({ counter, gauge, histogram }: Makers) {
  return {
    stageRecords: counter('freshet_stage_records_total', 'Deliveries by outcome', [...stage, 'outcome', 'reason']),
    stageDecodeFailures: counter('freshet_stage_decode_failures_total', 'Records that could not be decoded', [
      ...stage,
      'topic',
      'reason',
    ]),
    stageBatchSize: histogram('freshet_stage_batch_records', 'Records a batch', sizes, stage),
    stageBatchSeconds: histogram('freshet_stage_batch_seconds', 'Batch duration, commit included', seconds, stage),
    stageTransactionSeconds: histogram(
      'freshet_stage_transaction_seconds',
      'Transaction of a stateful stage, from its connection to commit or rollback',
      seconds,
      stage,
    ),
    stageLag: gauge('freshet_stage_lag_records', 'Records not yet handled', partition),
    stageLagSeconds: gauge('freshet_stage_lag_seconds', 'Age of the next record to handle; 0 where none is', partition),
    stageStalledSeconds: gauge(
      'freshet_stage_stalled_seconds',
      'How long the next record has waited with nothing handled before it; 0 where none does',
      partition,
    ),
    stagePaused: gauge('freshet_stage_paused_partitions', 'Paused partitions', [...stage, 'reason']),
    stageHalted: gauge('freshet_stage_halted', '1 when dead letters stopped half of the partitions', stage),
    stageMissing: gauge('freshet_stage_missing', '1 for a stage that no process says it runs', stage),
    dlqOpen: gauge('freshet_dlq_open_letters', 'Dead letters that nobody has redriven or discarded yet', [
      'stage',
      'reason',
    ]),
    dlqOldestSeconds: gauge('freshet_dlq_oldest_open_seconds', 'Time since the first failure of the oldest open one', [
      'stage',
    ]),
    stageRebalances: counter('freshet_stage_rebalances_total', 'Assignments received', stage),
    stageAssignmentSeconds: histogram(
      'freshet_stage_assignment_seconds',
      'Start of the stage to its first assignment, offsets claimed',
      seconds,
      stage,
    ),
    stageFreshness: histogram(
      'freshet_stage_freshness_seconds',
      'Received at ingest to handled by the stage',
      seconds,
      stage,
    ),
    stageRedriven: counter('freshet_stage_redriven_records_total', 'Deliveries that were redriven, by outcome', [
      ...stage,
      'outcome',
    ]),
  };
}

function candidatesMetrics({ counter, gauge, histogram }: Makers) {
  return {
    candidatesLists: counter('freshet_candidates_lists_total', 'Lists written', ['kind']),
    candidatesRefreshes: counter(
      'freshet_candidates_refreshes_total',
      'Requests to make a list again, asked for or of a backfill: done, of an unknown user, failed, or stale and dropped',
      ['lane', 'result'],
    ),
    candidatesRefreshSeconds: histogram(
      'freshet_candidates_refresh_seconds',
      'Refresh asked for to list written',
      seconds,
      ['lane'],
    ),
    candidatesIndexSessions: gauge('freshet_candidates_index_sessions', 'Sessions in the index'),
    candidatesListBytes: histogram(
      'freshet_candidates_list_bytes',
      'Bytes of Redis values a user',
      [64, 128, 256, 512, 1_024, 2_048, 4_096],
    ),
  };
}

function servingMetrics({ counter, gauge, histogram }: Makers) {
  return {
    httpRequests: counter('freshet_http_requests_total', 'Requests by route and status', ['route', 'status']),
    httpSeconds: histogram('freshet_http_request_seconds', 'Request duration', seconds, ['route']),
    httpAccessRefused: counter(
      'freshet_http_access_refused_requests_total',
      'Requests refused for their credentials, rights or rate, by code',
      ['code'],
    ),
    httpKeyLimited: counter('freshet_http_key_limited_requests_total', 'Requests over the rate of their API key', [
      'key',
    ]),
    servingFallbacks: counter('freshet_serving_lists_total', 'Lists served by fallback level', ['level']),
    servingFiltered: counter('freshet_serving_filtered_items_total', 'Candidates removed', ['filter']),
    servingRounds: histogram('freshet_serving_redis_waits', 'Redis waits a request', [0, 1, 2, 3]),
    servingRedisFaults: counter('freshet_serving_redis_faults_total', 'Redis waits of requests that failed'),
    servingVersionRepeats: counter(
      'freshet_serving_version_repeats_total',
      'First rounds repeated because the active state version had changed',
    ),
    servingUndecodable: counter(
      'freshet_serving_undecodable_values_total',
      'Values in Redis that were not understood',
      ['kind'],
    ),
    servingRefreshes: counter(
      'freshet_serving_refreshes_total',
      'Refreshes asked for: queued, already queued, refused as too often or for a full queue; expired were dropped unread',
      ['result'],
    ),
    servingImpressions: counter(
      'freshet_serving_impressions_total',
      'Lists to be logged as impressions, by what became of them; refused by admission control or a rate limit, dropped for too many under way',
      ['result'],
    ),
    servingItems: gauge('freshet_serving_catalog_items', 'Items in process memory'),
    servingFeedLoads: counter('freshet_serving_feed_loads_total', 'Views loaded from Redis', ['feed', 'reason']),
    servingFeedErrors: counter('freshet_serving_feed_errors_total', 'Looks at a feed that failed', ['feed']),
  };
}

/** The one catalogue of metrics: every name, meaning and label the product exposes. */
export function createMetrics() {
  const registry = new Registry();
  const make = makers(registry);
  return {
    registry,
    ...ingestMetrics(make),
    ...outboxMetrics(make),
    ...stageMetrics(make),
    ...candidatesMetrics(make),
    ...servingMetrics(make),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;

type Labels = Readonly<Record<string, string | number>>;

/** The methods of prom-client's metrics that write; each takes labels first where there are any. */
const writers = ['inc', 'dec', 'set', 'observe'] as const;
interface Written extends Partial<Record<(typeof writers)[number], (labels: Labels, value?: number) => void>> {
  readonly labelNames: readonly string[];
  remove(labels: Labels): void;
}

/**
 * The metrics as one outbox's relay writes them: those with the label `outbox` have it filled in, so that relays of
 * several outboxes share a process. `reset` forgets what was written here and leaves other outboxes alone.
 */
export function metricsOfOutbox(metrics: Metrics, outbox: string): Metrics {
  const bind = (metric: Written) => {
    const view: Record<string, unknown> = Object.create(metric);
    const own: Labels = { outbox };
    const others = new Map<string, Labels>();
    const complete = (labels: Labels) => {
      const all = { ...labels, outbox };
      others.set(JSON.stringify(labels), all);
      return all;
    };
    for (const name of writers) {
      if (metric[name] === undefined) continue;
      view[name] = (first?: Labels | number, value?: number) =>
        typeof first === 'object' ? metric[name]?.(complete(first), value) : metric[name]?.(own, first);
    }
    view.reset = () => {
      for (const labels of [own, ...others.values()]) metric.remove(labels);
      others.clear();
    };
    return view;
  };
  const bound = Object.entries(metrics).map(([name, metric]) => {
    const written = metric as unknown as Written;
    return [name, written.labelNames?.includes('outbox') ? bind(written) : metric];
  });
  return Object.fromEntries(bound) as Metrics;
}
