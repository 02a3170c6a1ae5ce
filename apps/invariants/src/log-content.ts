import { type CloudEvent, type EventData, type EventDefinition, predictionSampledV1, topics } from '@myriad/contracts';
import type { EventLog, StoredRecord } from '@myriad/messaging';

/** An event where it stands in the log. */
export interface StoredEvent<T = unknown> {
  readonly id: string;
  readonly type: string;
  readonly tenantId: string;
  readonly key: string;
  readonly time: string;
  readonly data: T;
}

/** Every event of the contracts' topics that the log still has. */
export class LogContent {
  private readonly byType = new Map<string, Map<string, StoredEvent>>();
  private readonly newest = new Map<string, Map<string, StoredEvent>>();
  private readonly counts = new Map<string, number>();

  /** Reads the log from its start to where it ended at the call. */
  static async read(log: EventLog): Promise<LogContent> {
    const content = new LogContent();
    const tail = await log.tail({
      topics: topics.map(({ name }) => name),
      onRecord: (record) => {
        content.add(record);
      },
    });
    try {
      await tail.caughtUp;
    } finally {
      await tail.close();
    }
    return content;
  }

  /** Records of one key come in their order. */
  add(record: StoredRecord): void {
    this.counts.set(record.topic, (this.counts.get(record.topic) ?? 0) + 1);
    const newest = in_(this.newest, record.topic);
    if (record.value === null) {
      newest.delete(record.key);
      return;
    }
    const { id, type, tenantid, time, data } = JSON.parse(record.value.toString('utf8')) as CloudEvent;
    // samples carry rows; nothing here looks at them
    const kept = type === predictionSampledV1.type ? undefined : data;
    const event: StoredEvent = { id, type, tenantId: tenantid, key: record.key, time, data: kept };
    in_(this.byType, type).set(id, event);
    newest.set(record.key, event);
  }

  /** The events of a type, each once however often it was appended. */
  of<D extends EventDefinition>(definition: D): readonly StoredEvent<EventData<D>>[] {
    return [...(this.byType.get(definition.type)?.values() ?? [])] as StoredEvent<EventData<D>>[];
  }

  /** Whether an event of this id is there, of whichever type. */
  has(eventId: string): boolean {
    for (const events of this.byType.values()) if (events.has(eventId)) return true;
    return false;
  }

  /** The newest event of each key of the definition's topic. */
  newestOf<D extends EventDefinition>(definition: D): readonly StoredEvent<EventData<D>>[] {
    return [...(this.newest.get(definition.topic.name)?.values() ?? [])] as StoredEvent<EventData<D>>[];
  }

  /** How many records of the topic are there, repeated ones and tombstones included. */
  recordsIn(topic: string): number {
    return this.counts.get(topic) ?? 0;
  }
}

function in_<T>(map: Map<string, Map<string, T>>, key: string): Map<string, T> {
  const found = map.get(key) ?? new Map<string, T>();
  map.set(key, found);
  return found;
}
