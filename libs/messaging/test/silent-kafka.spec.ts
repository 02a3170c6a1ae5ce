import { describe, expect, it } from '@jest/globals';
import type { BatchHandler, NewRecord } from '../src/index.js';
import { silentLogger } from '../src/index.js';
import { AppendQueue } from '../src/append-queue.js';
import { answered } from '../src/group/gate.js';
import type { KafkaClient } from '../src/kafka/kafka-client.port.js';
import { KafkaEventLog } from '../src/kafka/kafka-event-log.js';
import { PartitionQueues } from '../src/kafka/partition-queues.js';
import { deferred, record } from './support.js';

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
const TOPIC = 'myriad.test.silent.v1';

/** A cluster that said what topics it has, and nothing since. */
const silentClient = (onSend: () => void): KafkaClient =>
  ({
    admin: {
      topicNames: () => Promise.resolve([TOPIC]),
      partitionCounts: () => Promise.resolve([{ name: TOPIC, partitions: 1 }]),
    },
    send: () => {
      onSend();
      return never();
    },
    close: never,
  }) as unknown as KafkaClient;

/** How long it took, milliseconds. */
async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const fromMs = performance.now();
  await work();
  return performance.now() - fromMs;
}

describe('A log that never answers', () => {
  it('is closed in time, and what it was to take is refused', async () => {
    const sent = deferred();
    const log = new KafkaEventLog(silentClient(sent.resolve));
    const outcomes = Promise.allSettled([log.append([record(TOPIC, 'a/x', 1)]), log.append([record(TOPIC, 'a/x', 2)])]);
    await sent.promise;
    expect(await timeOf(() => log.close())).toBeLessThan(6_000);
    expect(await outcomes).toEqual(
      [1, 2].map(() => ({
        status: 'rejected',
        reason: expect.objectContaining({ code: 'messaging.unavailable', retryable: true }),
      })),
    );
    await expect(log.append([record(TOPIC, 'a/x', 3)])).rejects.toMatchObject({ code: 'messaging.closed' });
  });

  it('holds up no handler whose partition is taken away for longer than its last answer may take', async () => {
    const stop = new AbortController();
    const answer = answered(never(), stop.signal);
    expect(await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 50, 'waits'))])).toBe('waits');
    stop.abort();
    expect(await timeOf(() => answer)).toBeLessThan(4_000);
    expect(await answer).toBe(false);
    await expect(answered(Promise.reject(new Error('refused')), stop.signal)).rejects.toThrow('refused');
    expect(await answered(Promise.resolve(), stop.signal)).toBe(true);
  });

  it('holds up no member that ends with commits unanswered', async () => {
    const handled = deferred();
    const handler: BatchHandler = async (batch) => {
      void batch.commit(0n).catch(() => undefined);
      handled.resolve();
      await Promise.resolve();
    };
    const queues = new PartitionQueues({ handler, maxBatch: 10, logger: silentLogger });
    const stored = { ...record(TOPIC, 'a/x', 1), partition: 0, offset: 0n, timestampMs: 0 };
    queues.of(TOPIC, 0, () => never()).push([stored]);
    await handled.promise;
    expect(await timeOf(() => queues.end())).toBeLessThan(4_000);
  });
});

describe('AppendQueue', () => {
  it('gives what was added before the end the time that a log needs to answer', async () => {
    const taken: NewRecord[] = [];
    const queue = new AppendQueue({
      send: async (records) => {
        await new Promise((resolve) => setTimeout(resolve, 300));
        taken.push(...records);
      },
      deliveryTimeoutMs: 10_000,
    });
    const added = [1, 2].map((n) => queue.add([record(TOPIC, 'a/x', n)]));
    await queue.close();
    await Promise.all(added);
    expect(taken).toHaveLength(2);
  });
});
