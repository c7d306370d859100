import { type Environment, platform } from './environment.ts';
import { eventOf, type Fillings, impressionOf, type Slate, type TrackedEvent } from './events.ts';
import { createLists, type Lists } from './lists.ts';
import { type ClientOptions, settingsOf, type Tracked } from './options.ts';
import { createSend } from './send.ts';
import { ServerClock } from './server-clock.ts';
import { ShownItems } from './shown.ts';
import { Tracker } from './tracker.ts';

export interface FreshetClient extends Lists {
  /** Queues an interaction, as of now; answers its `event_id`. A click on an item of a list carries the list's `request_id`. */
  track(event: TrackedEvent): string;
  /** Queues a slate that was shown; answers its `event_id`. */
  trackImpression(slate: Slate): string;
  /** Events that no answer has come for. */
  readonly pending: number;
  /** Sends what is queued; rejects with FreshetRequestError where the server stays away. */
  flush(): Promise<void>;
  /** Sends what can be sent, reports the rest to `onDrop`, and takes nothing more. */
  close(): Promise<void>;
}

/** A client of one server, for browsers and Node 20 or newer. */
export function createFreshetClient(options: ClientOptions): FreshetClient {
  const settings = settingsOf(options);
  const environment: Environment = {
    ...platform,
    ...options.environment,
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
  };
  const shown = new ShownItems();
  const clock = new ServerClock(environment.now);
  const send = createSend(options, { settings, environment, clock });
  const tracker = new Tracker({ send, settings, environment, clock, told: options });
  function queue(given: Pick<TrackedEvent, 'occurred_at'>, fill: (fillings: Fillings) => Tracked): string {
    const now = environment.now();
    const { namespace, sessionId } = options;
    const tracked = fill({ eventId: environment.makeId(), now: clock.told(now), namespace, sessionId });
    tracker.add(tracked, given.occurred_at == null ? now : undefined);
    return tracked.event.event_id;
  }
  return {
    ...createLists({ send, settings, environment, shown, namespace: options.namespace }),
    track: (event) => queue(event, (fillings) => eventOf(event, shown, fillings)),
    trackImpression(slate) {
      const { user_id: userId, namespace, list } = slate;
      if (list !== undefined) shown.remember({ userId, namespace: namespace ?? options.namespace }, list);
      return queue(slate, (fillings) => impressionOf(slate, fillings));
    },
    get pending() {
      return tracker.pending;
    },
    flush: () => tracker.flush(),
    close: () => tracker.close(),
  };
}
