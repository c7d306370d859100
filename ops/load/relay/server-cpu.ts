import { readFileSync } from 'node:fs';
import type pg from 'pg';
import { stackStatus } from '../../stack/stack.ts';
import { cpuTimeOf } from '../harness/cpu-time.ts';

/** Processes of the servers, where they run on this machine and are known; their CPU time stands beside the relay's. */
export interface ServerProcesses {
  readonly postgres: number | undefined;
  readonly kafka: number | undefined;
}

export interface ServerSeconds {
  readonly postgres: number | null;
  readonly kafka: number | null;
}

/** The parent of our own backend, where both are processes of this machine. */
async function postmaster(client: pg.Client): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  try {
    const stat = readFileSync(`/proc/${rows[0]?.pid}/stat`, 'utf8');
    if (!stat.includes('(postgres)')) return undefined;
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined; // it runs elsewhere
  }
}

export async function findServers(client: pg.Client, kafkaBrokers: string): Promise<ServerProcesses> {
  const { urls, servers } = await stackStatus();
  const kafka = urls?.kafkaBrokers === kafkaBrokers ? servers.find(({ name }) => name === 'kafka')?.pid : undefined;
  return { postgres: await postmaster(client), kafka };
}

const secondsOf = (pid: number | undefined): number | null => {
  if (pid === undefined) return null;
  const { userSeconds, systemSeconds } = cpuTimeOf(pid);
  return userSeconds + systemSeconds;
};

export const serverSeconds = ({ postgres, kafka }: ServerProcesses): ServerSeconds => ({
  postgres: secondsOf(postgres),
  kafka: secondsOf(kafka),
});

const difference = (before: number | null, after: number | null): number | null =>
  before === null || after === null ? null : after - before;

export const secondsBetween = (before: ServerSeconds, after: ServerSeconds): ServerSeconds => ({
  postgres: difference(before.postgres, after.postgres),
  kafka: difference(before.kafka, after.kafka),
});
