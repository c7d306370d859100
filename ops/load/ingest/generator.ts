import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { carryOutPlans } from '../harness/forked-generator.ts';
import { eventOf } from './events.ts';
import type { LoadPlan, LoadResult } from './load-plan.ts';

/** More than an open loop needs while answers take less than half a second at 500 requests/s. */
const openConnections = 256;

interface Answer {
  readonly status: number;
  readonly text: string;
}

function post(url: URL, agent: Agent, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const sending = request(url, { method: 'POST', agent, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() }));
    });
    sending.on('error', reject);
    sending.end(body);
  });
}

/** Bodies are made before the clock starts: what making them costs is no part of the figure. */
function bodiesOf({ run, requests, batch }: LoadPlan): Buffer[] {
  const now = Date.now();
  return Array.from({ length: requests }, (_, i) => {
    const events = Array.from({ length: batch }, (_, j) => eventOf(run, i * batch + j, now));
    return Buffer.from(JSON.stringify(batch === 1 ? events[0] : { events }));
  });
}

/** A run with a refusal, a duplicate or a rejected event is none. */
function refuseAllButAccepted({ status, text }: Answer, batch: number): void {
  const accepted = text.match(/"status":"accepted"/g)?.length ?? 0;
  if (status === 202 && accepted === batch) return;
  throw new Error(`${accepted} of ${batch} events accepted, status ${status}: ${text.slice(0, 300)}`);
}

interface Sending {
  readonly bodies: readonly Buffer[];
  /** Sends one and checks its answer. */
  readonly send: (index: number) => Promise<void>;
}

async function closedLoop({ bodies, send }: Sending, connections: number): Promise<LoadResult> {
  const latencies: number[] = [];
  let next = 0;
  const startedAt = performance.now();
  const one = async () => {
    while (next < bodies.length) {
      const index = next;
      next += 1;
      const sentAt = performance.now();
      await send(index);
      latencies.push(performance.now() - sentAt);
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  return { seconds: (performance.now() - startedAt) / 1_000, latencies, lateness: latencies.map(() => 0) };
}

async function openLoop({ bodies, send }: Sending, requestsPerSecond: number): Promise<LoadResult> {
  const everyMs = 1_000 / requestsPerSecond;
  const startedAt = performance.now();
  const lateness: number[] = [];
  const pending: Promise<number>[] = [];
  const failed = new AbortController();
  for (let index = 0; index < bodies.length; index += 1) {
    const dueAt = startedAt + index * everyMs;
    const waitMs = dueAt - performance.now();
    if (waitMs > 0) await delay(waitMs);
    failed.signal.throwIfAborted();
    lateness.push(Math.max(0, performance.now() - dueAt));
    pending.push(send(index).then(() => performance.now() - dueAt));
    pending.at(-1)?.catch((error: unknown) => failed.abort(error));
  }
  const latencies = await Promise.all(pending);
  return { seconds: (performance.now() - startedAt) / 1_000, latencies, lateness };
}

async function runLoad(plan: LoadPlan): Promise<LoadResult> {
  const bodies = bodiesOf(plan);
  const { pace, batch } = plan;
  const url = new URL(batch === 1 ? '/v1/events' : '/v1/events:batch', plan.url);
  const agent = new Agent({ keepAlive: true, maxSockets: pace.kind === 'closed' ? pace.connections : openConnections });
  const send = async (index: number) => refuseAllButAccepted(await post(url, agent, bodies[index] as Buffer), batch);
  try {
    if (pace.kind === 'closed') return await closedLoop({ bodies, send }, pace.connections);
    return await openLoop({ bodies, send }, pace.requestsPerSecond);
  } finally {
    agent.destroy();
  }
}

carryOutPlans(runLoad);
