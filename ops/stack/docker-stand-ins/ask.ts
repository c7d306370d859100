import { setTimeout as delay } from 'node:timers/promises';

const url = process.argv[2] ?? 'http://127.0.0.1:8080';
const timeoutMs = 30_000;

interface Accepted {
  readonly results: readonly { readonly status: string; readonly received_at: number }[];
}
interface List {
  readonly items: readonly { readonly item_id: string }[];
  readonly reflects: { readonly event_id: string } | null;
}

async function post<T>(path: string, body: unknown): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (response.status !== 202) throw new Error(`POST ${path} answers ${response.status}: ${text}`);
  return JSON.parse(text) as T;
}

/** Two visitors see lamp and shade together, a third sees the lamp: their list must come to hold the shade. */
async function main(): Promise<void> {
  const items = ['lamp', 'shade'].map((item_id) => ({ item_id }));
  await post('/v1/items:upsert', { items });
  const click = (user: string, item: string) => ({
    event_id: `${user}-${item}`,
    user_id: user,
    item_id: item,
    type: 'click',
    context: { surface: 'home' },
  });
  const others = ['ann', 'ben'].flatMap((user) => [click(user, 'lamp'), click(user, 'shade')]);
  await post<Accepted>('/v1/events:batch', { events: [...others, click('cleo', 'lamp')] });
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const response = await fetch(`${url}/v1/recommendations/cleo?surface=home&limit=5`);
    const list = (await response.json()) as List;
    const names = list.items?.map((item) => item.item_id) ?? [];
    if (list.reflects?.event_id === 'cleo-lamp' && names.includes('shade')) {
      process.stdout.write(`the list reflects cleo-lamp: ${names.join(', ')}\n`);
      return;
    }
    if (performance.now() > deadline) throw new Error(`the last answer was ${JSON.stringify(list)}`);
    await delay(100);
  }
}

await main();
