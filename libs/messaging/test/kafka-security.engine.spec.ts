import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ProblemError } from '@myriad/kernel';
import { tempFolder, type TempFolder } from '@myriad/testing';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { KafkaEventLog, type KafkaClientName, type KafkaEventLogOptions } from '../src/index.js';
import { record, testTopic, valueOf } from './support.js';

interface Login {
  readonly username: string;
  readonly password: string;
}
interface Broker {
  readonly secure: {
    readonly brokers: string;
    readonly caFile: string;
    readonly otherCaFile: string;
    readonly scram: Login;
    readonly plain: Login;
  };
  stop(): Promise<void>;
}
const engines = new URL('../../../tools/engines/kafka.mjs', import.meta.url).href;
type Options = Pick<KafkaEventLogOptions, 'tls' | 'sasl'>;

describe('KafkaEventLog over TLS with a login', () => {
  let folder: TempFolder;
  let broker: Broker;
  beforeAll(async () => {
    folder = await tempFolder();
    const { startKafka } = (await import(engines)) as {
      startKafka: (options: { dir: string; isSecure: boolean }) => Promise<Broker>;
    };
    broker = await startKafka({ dir: folder.path, isSecure: true });
  }, 120_000);
  afterAll(async () => {
    await broker.stop();
    await folder.remove();
  });

  const open = (client: KafkaClientName, options: Options): Promise<KafkaEventLog> =>
    KafkaEventLog.open({ brokers: [broker.secure.brokers], clientId: 'test', client, ...options });
  const trusting = (file: string): Options => ({ tls: { ca: readFileSync(file, 'utf8') } });
  const scram = (password = broker.secure.scram.password): Options => ({
    sasl: { mechanism: 'scram-sha-512', username: broker.secure.scram.username, password },
  });
  const plain = (password = broker.secure.plain.password): Options => ({
    sasl: { mechanism: 'plain', username: broker.secure.plain.username, password },
  });
  const refusalOf = async (opening: Promise<KafkaEventLog>): Promise<ProblemError> => {
    const error: unknown = await opening.then(
      (log) => log.close(),
      (cause: unknown) => cause,
    );
    if (!(error instanceof ProblemError)) throw new Error('it was not refused', { cause: error });
    return error;
  };

  describe.each(['kafkajs', 'platformatic'] as const)('through %s', (client) => {
    it('carries records for the right password, by SCRAM and by PLAIN', async () => {
      for (const login of [scram(), plain()]) {
        const log = await open(client, { ...trusting(broker.secure.caFile), ...login });
        const topic = testTopic();
        await log.ensureTopics([topic]);
        await log.append([record(topic.name, 'a', client)]);
        const seen: unknown[] = [];
        const tail = await log.tail({ topics: [topic.name], onRecord: (stored) => void seen.push(valueOf(stored)) });
        await tail.caughtUp;
        expect(seen).toEqual([client]);
        await log.close();
      }
    });

    it('refuses a wrong password and says no secret', async () => {
      for (const login of [scram('a-wrong-secret'), plain('a-wrong-secret')]) {
        const error = await refusalOf(open(client, { ...trusting(broker.secure.caFile), ...login }));
        expect(error).toMatchObject({ code: 'messaging.access_refused', retryable: false });
        expect(error.message).toContain('login');
        expect(inspect(error, { depth: 10 })).not.toContain('a-wrong-secret');
      }
    });

    it('refuses a broker whose authority it does not trust', async () => {
      const error = await refusalOf(open(client, { ...trusting(broker.secure.otherCaFile), ...scram() }));
      expect(error.code).toBe('messaging.access_refused');
      expect(error.message).toContain('TLS');
      expect(inspect(error, { depth: 10 })).not.toContain(broker.secure.scram.password);
    });

    it('gets nowhere in plain text', async () => {
      const error = await refusalOf(open(client, scram()));
      expect(['messaging.access_refused', 'messaging.unavailable']).toContain(error.code);
      expect(inspect(error, { depth: 10 })).not.toContain(broker.secure.scram.password);
    });
  });
});
