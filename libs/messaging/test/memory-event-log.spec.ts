import { MemoryBroker, MemoryEventLog } from '../src/index.js';
import { eventLogContract } from './event-log.contract.js';

eventLogContract('MemoryEventLog', () => {
  const broker = new MemoryBroker({ tombstoneRetentionMs: 0 });
  return Promise.resolve({
    connect: () => Promise.resolve(new MemoryEventLog(broker)),
    crash: (log) => {
      if (log instanceof MemoryEventLog) log.crash();
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  });
});
