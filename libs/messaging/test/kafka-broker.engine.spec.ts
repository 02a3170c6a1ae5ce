import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, tempFolder, type TempFolder } from '@myriad/testing';
import { KafkaEventLog } from '../src/index.js';
import { Journal, record, testTopic, unique, valueOf } from './support.js';

interface Broker {
  readonly brokers: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
}
const engines = new URL('../../../tools/engines/kafka.mjs', import.meta.url).href;

describe.each(['kafkajs', 'platformatic'] as const)('KafkaEventLog through %s with a broker killed by -9', (client) => {
  let folder: TempFolder;
  let broker: Broker;
  beforeAll(async () => {
    folder = await tempFolder();
    const { startKafka } = (await import(engines)) as { startKafka: (options: { dir: string }) => Promise<Broker> };
    broker = await startKafka({ dir: folder.path });
  }, 120_000);
  afterAll(async () => {
    await broker.stop();
    await folder.remove();
  });

  it('loses nothing acknowledged, and goes on in order when it is back', async () => {
    const open = (): Promise<KafkaEventLog> =>
      KafkaEventLog.open({ brokers: [broker.brokers], clientId: 'test', client, deliveryTimeoutMs: 60_000 });
    const [writer, reader] = await Promise.all([open(), open()]);
    const topic = testTopic();
    await writer.ensureTopics([topic]);
    const journal = new Journal();
    await journal.join(reader, 'a', { group: unique('group'), topics: [topic.name], sessionTimeoutMs: 3_000 });
    const tailed: unknown[] = [];
    const tail = await reader.tail({ topics: [topic.name], onRecord: (stored) => void tailed.push(valueOf(stored)) });
    await tail.caughtUp;
    const acknowledged: number[] = [];
    const stop = new AbortController();
    const writing = (async () => {
      for (let n = 0; !stop.signal.aborted; n += 1) {
        await writer.append([record(topic.name, 'a/x', n)]);
        acknowledged.push(n);
      }
    })();
    const more = async (timeoutMs: number): Promise<void> => {
      const before = acknowledged.length;
      await eventually(
        () => {
          expect(acknowledged.length).toBeGreaterThan(before + 50);
        },
        { timeoutMs },
      );
    };
    await more(10_000);
    await broker.kill();
    await eventually(() => broker.start(), { timeoutMs: 30_000, intervalMs: 200 }); // its port takes a moment to be free
    await more(60_000);
    stop.abort();
    await writing;
    await eventually(
      () => {
        // An append whose answer got lost may stand twice; the inbox knows the event's id.
        expect([...new Set(journal.valuesOf('a/x'))]).toEqual(acknowledged);
        // kafkajs' sequence numbers do not outlive a lost connection; the other's do, so its appends stand once.
        expect(client === 'kafkajs' ? [...new Set(tailed)] : tailed).toEqual(acknowledged);
      },
      { timeoutMs: 60_000 },
    );
    await tail.close();
    await writer.close();
    await reader.close();
  }, 200_000);
});
