import { expect, it } from 'vitest';
import type { Clock } from '../../../../../pipeline/kernel/clock.ts';
import { TransientError } from '../../../../../pipeline/kernel/errors.ts';
import { createLogger } from '../../../../../pipeline/kernel/logger.ts';
import { createCatalogReprojection } from '../../../../../pipeline/stages/catalog/reprojection.ts';
import type { CatalogProjection, CatalogWriter, ProjectedItem } from '../../../../../pipeline/stores/catalog.ts';

const item = (number: number): ProjectedItem => ({
  namespace: 'default',
  number,
  attributes: {
    itemId: `i${number}`,
    available: true,
    archivedAt: null,
    price: null,
    currency: null,
    tags: [],
    parentId: null,
    publishedAt: null,
  },
});

/** Ten items in the tables, a projection to spoil, and a clock whose sleeps the test ends. */
function rig() {
  const projected = new Map<string, number>();
  const puts: number[] = [];
  const state = { redisAway: false };
  let wake: () => void = () => undefined;
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    sleep: (_, signal) =>
      new Promise((resolve) => {
        wake = resolve;
        signal?.addEventListener('abort', () => resolve(), { once: true });
      }),
  };
  const catalog: Pick<CatalogWriter, 'highestNumbers' | 'eachItemPage' | 'config' | 'configuredNamespaces'> = {
    highestNumbers: async () => new Map([['default', 10]]),
    eachItemPage: async (_, use) => use([item(4), item(10)]),
    config: async () => [],
    configuredNamespaces: async () => [],
  };
  const projection: CatalogProjection = {
    async putItems(items) {
      if (state.redisAway) throw new TransientError('redis_unavailable', 'away');
      puts.push(items.length);
    },
    beginItems: async () => 'attempt',
    async endItems(namespace, highest) {
      projected.set(namespace, highest);
      return true;
    },
    highestNumbers: async () => new Map(projected),
    putConfig: async () => undefined,
    configuredNamespaces: async () => new Set(),
  };
  const component = createCatalogReprojection({
    catalog,
    projection,
    clock,
    random: () => 0,
    log: createLogger('error'),
  });
  const look = async () => {
    wake();
    await settle();
  };
  return { component, projected, puts, state, look };
}

/** Lets everything run that waits for no one. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
const fail = (error: unknown) => {
  throw error;
};

it('projects everything at start and nothing more while Redis keeps it', async () => {
  const { component, puts, look } = rig();
  const running = await component.start(fail);
  await settle();
  expect(running.unready?.()).toBeUndefined();
  await look();
  await look();
  expect(puts).toEqual([2]);
  await running.stop();
});

it('projects a namespace again that Redis does not know any more', async () => {
  const { component, projected, puts, look } = rig();
  const running = await component.start(fail);
  await settle();
  projected.clear();
  await look();
  expect(puts).toEqual([2, 2]);
  await running.stop();
});

it('takes Redis to have lost items only when it stays behind from one look to the next', async () => {
  const { component, projected, puts, look } = rig();
  const running = await component.start(fail);
  await settle();
  projected.set('default', 7);
  await look();
  projected.set('default', 9);
  await look();
  expect(puts).toEqual([2]);
  await look();
  expect(puts).toEqual([2, 2]);
  await running.stop();
});

it('waits for Redis and is not ready before', async () => {
  const { component, puts, state, look } = rig();
  state.redisAway = true;
  const running = await component.start(fail);
  await settle();
  expect(running.unready?.()).toMatch(/not projected/);
  state.redisAway = false;
  await look();
  expect(running.unready?.()).toBeUndefined();
  expect(puts).toEqual([2]);
  await running.stop();
});

it('stops while it waits', async () => {
  const { component, state } = rig();
  state.redisAway = true;
  const running = await component.start(fail);
  await settle();
  await running.stop();
});
