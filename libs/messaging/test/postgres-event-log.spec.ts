import { createTestDatabase } from '@myriad/testing';
import { PostgresEventLog, type EventLog } from '../src/index.js';
import { eventLogContract } from './event-log.contract.js';
import { CuttableProxy } from './cuttable-proxy.js';

eventLogContract('PostgresEventLog', async () => {
  const database = await createTestDatabase({ service: 'log' });
  const proxies = new Map<EventLog, CuttableProxy>();
  return {
    connect: async () => {
      const proxy = await CuttableProxy.open(database.migrationUrl);
      const log = await PostgresEventLog.open({ url: proxy.url, tombstoneRetentionMs: 0 });
      proxies.set(log, proxy);
      return log;
    },
    crash: async (log) => {
      await proxies.get(log)?.cut();
    },
    close: async () => {
      for (const proxy of proxies.values()) await proxy.cut();
      await database.drop();
    },
  };
});
