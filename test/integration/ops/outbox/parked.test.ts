import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { FreshetError } from '../../../../pipeline/kernel/errors.ts';
import { eventually } from '../../../support/eventually.ts';
import { createWorkspace, type Workspace } from '../../../support/workspace.ts';
import { startTestRelay, type TestRelay } from '../../relay/harness.ts';
import { openOutbox, outboxCommand } from './rig.ts';

let workspace: Workspace;
let outbox: ReturnType<typeof openOutbox>;
let relay: TestRelay;
const refused = new Set<string>();
let sent: string[] = [];
const producer = {
  async send(batch: readonly { records: readonly { value: Buffer | null }[] }[]) {
    const values = batch.flatMap(({ records }) => records.map(({ value }) => String(value)));
    if (values.some((value) => refused.has(value))) throw new FreshetError('record_too_large', 'more than a megabyte');
    sent.push(...values);
  },
  close: async () => undefined,
};

beforeAll(async () => {
  workspace = await createWorkspace({ name: 'outbox-parked' });
  outbox = openOutbox(workspace);
  relay = await startTestRelay({ config: workspace.config, producer });
});
afterEach(async () => {
  await outbox.sql('TRUNCATE outbox_parked, operator_audit');
  refused.clear();
  sent = [];
});
afterAll(async () => {
  await relay.stop();
  await outbox.database.close();
  await workspace.close();
});

/** The numbers under which they are parked. */
async function park(...ids: string[]): Promise<string[]> {
  for (const id of ids) refused.add(`value of ${id}`);
  await outbox.append(...ids.map((id) => ({ id, topic: 't', key: 'k' })));
  const rows = await eventually(async () => {
    const found = await outbox.sql<{ seq: bigint }>('SELECT seq FROM outbox_parked ORDER BY seq');
    expect(found).toHaveLength(ids.length);
    return found;
  });
  return rows.map(({ seq }) => seq.toString());
}

const command = (...args: string[]) => outboxCommand(workspace, 'parked', ...args);
const audit = () => outbox.sql('SELECT operator, verb, reason, details FROM operator_audit ORDER BY id');

it('lists what is parked and shows one record with its payload', async () => {
  const [seq = ''] = await park('a', 'b');
  const { stdout } = await command('list', '--reason', 'record_too_large', '--limit', '1');
  expect(stdout).toContain(`${seq}  `);
  expect(stdout).toContain('record_too_large  t  a  more than a megabyte');
  expect(stdout).toContain('more than 1');
  const shown = await command('show', seq, '--json');
  expect(JSON.parse(shown.stdout).runs).toEqual([
    expect.objectContaining({
      seq,
      topic: 't',
      key: 'k',
      eventId: 'a',
      payload: Buffer.from('value of a').toString('base64'),
      occurredAt: '2023-11-14T22:13:20.000Z',
      reason: 'record_too_large',
    }),
  ]);
  expect(await command('show', '999999')).toMatchObject({ code: 1, stderr: expect.stringContaining('is not parked') });
});

it('redrives: the record goes through the outbox again, unchanged, and somebody is named for it', async () => {
  const [seq = ''] = await park('r1', 'r2');
  refused.clear();
  await outbox.append({ id: 'later', topic: 't', key: 'k' });
  const { code, stdout } = await command('redrive', seq, '--because', 'limit raised', '--operator', 'ann');
  expect({ code, stdout }).toEqual({ code: 0, stdout: '1 redriven\n' });
  await eventually(() => expect(sent).toEqual(['value of later', 'value of r1'])); // behind what came meanwhile
  expect(await outbox.sql('SELECT event_id FROM outbox_parked')).toEqual([{ event_id: 'r2' }]);
  const rows = await outbox.sql(`SELECT shard, topic, key, payload, occurred_at FROM outbox WHERE event_id = 'r1'`);
  expect(rows).toHaveLength(2);
  expect(rows[0]).toEqual(rows[1]);
  expect(await audit()).toEqual([
    {
      operator: 'ann',
      verb: 'outbox parked redrive',
      reason: 'limit raised',
      details: { seqs: [seq], events: [{ seq, eventId: 'r1', topic: 't' }] },
    },
  ]);
});

it('parks a redriven record that is refused again', async () => {
  const [seq = ''] = await park('again');
  await command('redrive', '--all', '--because', 'try');
  await eventually(async () => {
    const [row] = await outbox.sql<{ seq: bigint }>(`SELECT seq FROM outbox_parked WHERE event_id = 'again'`);
    expect(row?.seq).toBeGreaterThan(BigInt(seq));
  });
});

it('discards what is chosen, and keeps its id in the audit', async () => {
  await park('d1', 'd2');
  await outbox.sql(`UPDATE outbox_parked SET reason = 'topic_unknown' WHERE event_id = 'd2'`);
  const { stdout } = await command('discard', '--reason', 'topic_unknown', '--because', 'retired', '--json');
  expect(JSON.parse(stdout).summary).toEqual({ discarded: 1, absent: 0, behind: 0 });
  expect(await outbox.sql('SELECT event_id FROM outbox_parked')).toEqual([{ event_id: 'd1' }]);
  expect(await audit()).toMatchObject([{ verb: 'outbox parked discard', details: { events: [{ eventId: 'd2' }] } }]);
});

it('changes nothing without a reason, without a choice, or where the number is unknown', async () => {
  const [seq = ''] = await park('stays');
  expect((await command('discard', seq)).stderr).toContain('--because');
  expect((await command('discard', '--because', 'x')).stderr).toContain('--all');
  expect((await command('redrive', 'seven', '--because', 'x')).stderr).toContain('"seven" is not the number');
  const unknown = await command('discard', '424242', '--because', 'x');
  expect(unknown).toMatchObject({ code: 1, stdout: expect.stringContaining('424242 is not parked') });
  expect(await outbox.sql('SELECT event_id FROM outbox_parked')).toEqual([{ event_id: 'stays' }]);
  expect(await audit()).toEqual([]);
});
