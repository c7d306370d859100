import { createRandom, type Random } from '../../chaos/random.ts';
import { Events, type ShortEvent } from './events.ts';
import { pauseMs, sessionLength, zipf } from './shape.ts';

export const scenarioNames = ['zipf', 'hot', 'long', 'fresh'] as const;
export type ScenarioName = (typeof scenarioNames)[number];

/** What a run reads from the topic, and what state holds before it. */
export interface Scenario {
  readonly name: ScenarioName;
  readonly what: string;
  readonly events: Events;
  /** So many of the first events are in state already; the topic holds the others. */
  readonly seeded: number;
}

const dayMs = 86_400_000;
const startsAt = 1_763_683_200_000;
const itemCount = 20_000;
const seed = 20_251_121;

/** What a shopper does with an item: of a hundred, 80 views, 10 clicks, 5 adds, 2 purchases, 2 likes, 1 dismissal. */
const typeOfPercent = (percent: number): number =>
  percent < 80 ? 0 : percent < 90 ? 1 : percent < 95 ? 2 : percent < 97 ? 3 : percent < 99 ? 6 : 8;

function shopperEvent(random: Random, of: Pick<ShortEvent, 'user' | 'item' | 'occurredAt' | 'session'>): ShortEvent {
  const type = typeOfPercent(random.between(0, 99));
  const consent = random.between(0, 99);
  // One event in 50 comes up to an hour late, as from a phone that was out of reach.
  const lateMs = random.between(0, 49) === 0 ? random.between(0, 3_600_000) : random.between(20, 400);
  return {
    ...of,
    type,
    consent: consent < 96 ? 0 : consent < 99 ? 1 : 2,
    isShown: type === 0 && random.between(0, 99) < 5,
    receivedAt: of.occurredAt + lateMs,
  };
}

interface CrowdOptions {
  readonly count: number;
  readonly users: number;
  /** Share of the events that one more user makes, in one endless session. */
  readonly hotUser: number;
  /** Share of the events that go to the first item. */
  readonly hotItem: number;
}

/**
 * A day of a shop: sessions begin evenly, users and items are drawn by Zipf's law (exponent 1.0, so the first user
 * makes 8 % of the sessions of 100,000 users), lengths and pauses are those of the demo's click log.
 */
function crowd({ count, users, hotUser, hotItem }: CrowdOptions): Events {
  const random = createRandom(seed);
  const userOf = zipf(users, 1);
  const itemOf = zipf(itemCount, 1);
  const item = () => (random.next() < hotItem ? 0 : itemOf(random));
  const hotCount = Math.round(count * hotUser);
  const events: ShortEvent[] = [];
  for (let i = 0; i < hotCount; i += 1) {
    const occurredAt = startsAt + Math.floor(((i + random.next()) / hotCount) * dayMs);
    events.push(shopperEvent(random, { user: users, item: item(), occurredAt, session: 0 }));
  }
  const sessions = (count - hotCount) / 4.8;
  for (let session = 1; events.length < count; session += 1) {
    const user = userOf(random);
    const clientSession = random.next() < 0.3 ? session : 0;
    let occurredAt = startsAt + Math.floor(((session % sessions) / sessions) * dayMs) + random.between(0, 999);
    for (let left = sessionLength(random); left > 0 && events.length < count; left -= 1) {
      events.push(shopperEvent(random, { user, item: item(), occurredAt, session: clientSession }));
      occurredAt += pauseMs(random);
    }
  }
  events.sort((a, b) => a.receivedAt - b.receivedAt);
  return new Events(count, events);
}

const longUsers = 10_000;
const longHistory = 200;
/** Between two events of a user: less than the gap of a session. */
const longPauseMs = 30_000;

/** Every user in turn: the worst order for a batch, in which hardly anybody comes twice. */
function long(count: number): Events {
  const random = createRandom(seed);
  const itemOf = zipf(itemCount, 1);
  const one = (user: number, occurredAt: number): ShortEvent =>
    shopperEvent(random, { user, item: itemOf(random), occurredAt, session: 0 });
  function* all() {
    for (let user = 0; user < longUsers; user += 1) {
      for (let i = 0; i < longHistory; i += 1) {
        const isOlder = i < longHistory / 2;
        yield one(user, startsAt - (longHistory - i) * longPauseMs - (isOlder ? dayMs : 0));
      }
    }
    // 7,919 is a prime that does not divide the number of users: each comes once in 10,000 events.
    for (let i = 0; i < count; i += 1) yield one((i * 7_919) % longUsers, startsAt + i * 20);
  }
  return new Events(longUsers * longHistory + count, all());
}

function fresh(count: number): Events {
  const random = createRandom(seed);
  const itemOf = zipf(itemCount, 1);
  function* all() {
    for (let i = 0; i < count; i += 1) {
      const occurredAt = startsAt + i * 20;
      yield shopperEvent(random, { user: i, item: itemOf(random), occurredAt, session: 0 });
    }
  }
  return new Events(count, all());
}

/** `count` events of the topic; `long` and `fresh` take a fifth, for they cost more each. */
export function makeScenario(name: ScenarioName, count: number): Scenario {
  const few = Math.ceil(count / 5);
  switch (name) {
    case 'zipf':
      return {
        name,
        what: '100,000 users and 20,000 items by Zipf',
        events: crowd({ count, users: 100_000, hotUser: 0, hotItem: 0 }),
        seeded: 0,
      };
    case 'hot':
      return {
        name,
        what: 'one user makes 10 %, one item 20 %',
        events: crowd({ count, users: 100_000, hotUser: 0.1, hotItem: 0.2 }),
        seeded: 0,
      };
    case 'long':
      return {
        name,
        what: '10,000 users with 200 recent events, sessions of 100',
        events: long(few),
        seeded: longUsers * longHistory,
      };
    case 'fresh':
      return { name, what: 'a new user with every event', events: fresh(few), seeded: 0 };
  }
}
