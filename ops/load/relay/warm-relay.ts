import type { BenchContext } from './context.ts';
import { appendBacklog, untilPublished } from './drain.ts';
import type { RelayProcess } from './relay-process.ts';
import type { RelaySystem } from './systems/system.ts';

/** Gives `work` a relay that has published its warm-up events and runs; it is stopped afterwards. */
export async function withWarmRelay<T>(
  context: BenchContext,
  system: RelaySystem,
  work: (relay: RelayProcess) => Promise<T>,
): Promise<T> {
  const { area, events } = context;
  const records = Math.min(system.warmUpEvents, events.count);
  const topic = await area.createTopic(`warm-up-${system.name}`);
  try {
    await appendBacklog(context, { system, topic, to: records });
    const relay = await system.start(area);
    try {
      await untilPublished(context, relay, { topic, records });
      return await work(relay);
    } finally {
      await relay.stop();
    }
  } finally {
    await area.dropTopic(topic); // not before: drivers refuse all topics where one they know is gone
  }
}
