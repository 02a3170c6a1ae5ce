import { eventsByType, type CloudEvent } from '@myriad/contracts';
import type { Closable, EventLog, TailOptions } from '../event-log.port.js';
import { silentLogger, type MessagingLogger } from '../messaging-logger.js';
import { messagingProblem } from '../messaging-problem.js';
import { processSpan, withinEvent } from './event-spans.js';
import type { SnapshotStore } from '../snapshot/snapshot-store.port.js';
import type { EventRows } from '../snapshot/event-rows.js';
import { tailFromSnapshots } from '../snapshot/tail-from-snapshots.js';
import { typeOf } from './make-event.js';
import { parseEvent, type Definitions } from './parse-event.js';

interface TailHandling {
  handle(event: CloudEvent): void | Promise<void>;
}

/**
 * A handler of one event type; it keeps a cache, so it does not fail: a throw is tried again until it succeeds. It may name the
 * data's type (`CloudEvent<EventData<typeof placementChangedV1>>`): the data was checked against the contract of its type.
 */
export type TailHandler = TailHandling['handle'];

export interface TailEventsOptions {
  readonly logger?: MessagingLogger;
  readonly definitions?: Definitions;
  /** Where snapshots of the topics are, if any: a topic with one is read from there on. */
  readonly snapshots?: SnapshotStore | undefined;
  /** Takes the row of a snapshot as it lies, by the type of its event; where it does not (false), the handler gets the event. */
  readonly rows?: Readonly<Record<string, (rows: EventRows) => boolean>>;
  /** Hears the key of a removed record (a tombstone) on a topic of the handlers. */
  readonly onRemoved?: (topic: string, key: string) => void;
}

/** A running tail of events. */
export interface EventTail extends Closable {
  /** Resolves when everything that stood in the topics at the start was handled. */
  readonly caughtUp: Promise<void>;
}

/**
 * Reads the topics of the given event types from their start, for ever: what a replica builds its cache from.
 * An event against its contract is logged and passed over. @throws {ProblemError} `messaging.invalid_option` for an unknown type.
 */
export async function tailEvents(
  log: EventLog,
  handlersByType: Readonly<Record<string, TailHandler>>,
  options: TailEventsOptions = {},
): Promise<EventTail> {
  const { logger = silentLogger, definitions = eventsByType, onRemoved, snapshots, rows: takers = {} } = options;
  const handlers = new Map(Object.entries(handlersByType));
  const topics = [...handlers.keys()].map((type) => {
    const definition = definitions.get(type);
    if (!definition) throw messagingProblem('invalid', 'invalid_option', `'${type}' is no event type of the contracts`);
    return definition.topic.name;
  });
  // what stood there at the start was handled long ago, in traces that have ended: only what comes after makes spans
  let isLive = false;
  const reading: TailOptions = {
    topics: [...new Set(topics)],
    onRecord: async (record) => {
      if (record.value === null) {
        onRemoved?.(record.topic, record.key);
        return;
      }
      const announced = typeOf(record);
      if (announced !== undefined && !handlers.has(announced)) return;
      let event: CloudEvent;
      try {
        event = parseEvent(record, definitions);
      } catch (error) {
        const { topic, partition, offset } = record;
        logger.error(
          { err: error, topic, partition, offset: String(offset) },
          'passed over a record that is no valid event',
        );
        return;
      }
      const handle = handlers.get(event.type);
      if (handle === undefined) return;
      await withinEvent(event, record, () =>
        isLive ? processSpan(event, record, undefined, () => Promise.resolve(handle(event))) : handle(event),
      );
    },
  };
  const onEvents = async (rows: EventRows): Promise<void> => {
    while (rows.next()) {
      const handle = handlers.get(rows.type);
      if (handle === undefined || takers[rows.type]?.(rows) === true) continue;
      const event = eventOf(rows, definitions, logger);
      const wait = event && withinEvent(event, { headers: {} }, () => handle(event));
      if (wait) await wait;
    }
  };
  const tail = await (snapshots
    ? tailFromSnapshots(log, { ...reading, onEvents, store: snapshots, logger })
    : log.tail(reading));
  tail.caughtUp.then(
    () => (isLive = true),
    () => undefined,
  );
  return tail;
}

function eventOf(rows: EventRows, definitions: Definitions, logger: MessagingLogger): CloudEvent | undefined {
  try {
    return rows.event(definitions);
  } catch (error) {
    logger.error({ err: error }, 'passed over an event of a snapshot that is not valid');
    return undefined;
  }
}
