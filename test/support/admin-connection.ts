import pg from 'pg';

/** The server's own database, from which others are made and dropped. */
function adminUrl(postgresUrl: string): string {
  const url = new URL(postgresUrl);
  url.pathname = '/postgres';
  return url.href;
}

/** URL of another database of the same server. */
export function databaseUrl(postgresUrl: string, database: string): string {
  const url = new URL(postgresUrl);
  url.pathname = `/${database}`;
  return url.href;
}

/** Runs `use` with one connection that is closed afterwards. */
export async function withAdmin<T>(postgresUrl: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: adminUrl(postgresUrl) });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
