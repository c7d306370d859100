import { type Connection, openConnection } from '../../../pipeline/stores/postgres/connection.ts';

/** Reads everything that is new; ids in the order in which it would publish them. */
type Reader = (connection: Connection) => Promise<string[]>;

const visibleIn = (snapshot: string) => `pg_visible_in_snapshot(xid, '${snapshot}')`;

async function ids(connection: Connection, where: string): Promise<{ seq: bigint; id: string }[]> {
  return connection.query<{ seq: bigint; id: string }>({
    text: `SELECT seq, convert_from(payload, 'UTF8') AS id FROM outbox WHERE ${where} ORDER BY seq`,
  });
}

async function probe(connection: Connection): Promise<{ sequence: bigint; snapshot: string }> {
  const [row] = await connection.query<{ sequence: bigint; snapshot: string }>({
    text: `SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS sequence, pg_current_snapshot()::text AS snapshot
             FROM outbox_seq_seq`,
  });
  return row as { sequence: bigint; snapshot: string };
}

/** `seq > last`: a lower seq may commit later. */
function lastSeq(): Reader {
  let last = 0n;
  return async (connection) => {
    const rows = await ids(connection, `seq > ${last}`);
    last = rows.at(-1)?.seq ?? last;
    return rows.map(({ id }) => id);
  };
}

/** Rows before their snapshot: what commits between the two is in neither batch. */
function rowsFirst(): Reader {
  let base = '3:3:';
  return async (connection) => {
    const rows = await ids(connection, `NOT ${visibleIn(base)}`);
    base = (await probe(connection)).snapshot;
    return rows.map(({ id }) => id);
  };
}

/** The sequence's value when base was taken: an open transaction at or above base's xmax may be below it. */
function floorOfBase(): Reader {
  let base = '3:3:';
  let floor = 0n;
  return async (connection) => {
    const { sequence, snapshot } = await probe(connection);
    const [, xmax = '', xip = ''] = base.split(':');
    const late = xip === '' ? 'false' : `xid = ANY ('{${xip}}'::xid8[])`;
    const rows = await ids(
      connection,
      `((seq > ${floor} AND xid >= '${xmax}'::xid8) OR ${late}) AND ${visibleIn(snapshot)}`,
    );
    base = snapshot;
    floor = sequence;
    return rows.map(({ id }) => id);
  };
}

/** Cursors that others use or that look right; each loses rows. */
export const wrongCursors = {
  'seq above the last one read': lastSeq,
  'rows read before their snapshot': rowsFirst,
  'floor taken together with base': floorOfBase,
} as const;

/** Reads on its own connection until it is stopped; answers what it found. */
export async function follow(url: string, reader: Reader): Promise<() => Promise<string[]>> {
  const connection = await openConnection({ url, name: 'wrong cursor', onBroken: () => undefined });
  const found: string[] = [];
  let stopped = false;
  const run = async () => {
    while (!stopped) found.push(...(await reader(connection)));
    for (let again = 0; again < 3; again += 1) found.push(...(await reader(connection)));
  };
  const running = run();
  return async () => {
    stopped = true;
    await running;
    await connection.close();
    return found;
  };
}
