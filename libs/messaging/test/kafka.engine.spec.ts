import { afterAll } from '@jest/globals';
import { connect, type Socket } from 'node:net';
import { KafkaEventLog, type EventLog } from '../src/index.js';
import { brokers } from './config.js';
import { eventLogContract } from './event-log.contract.js';

/** Sockets of one client, to be cut for good. */
class Sockets {
  private readonly open = new Set<Socket>();
  private isCut = false;

  readonly factory = ({ host, port, onConnect }: { host: string; port: number; onConnect: () => void }): Socket => {
    const socket = connect({ host, port }, onConnect);
    this.open.add(socket);
    socket.on('close', () => this.open.delete(socket));
    if (this.isCut) socket.destroy(new Error('the process is dead'));
    return socket;
  };

  cut(): void {
    this.isCut = true;
    for (const socket of this.open) socket.destroy(new Error('the process is dead'));
  }
}

const clients = new Map<EventLog, Sockets>();
afterAll(() => {
  clients.clear();
});

eventLogContract(
  'KafkaEventLog',
  () =>
    Promise.resolve({
      connect: async () => {
        const sockets = new Sockets();
        const log = await KafkaEventLog.open({
          brokers,
          clientId: 'contract',
          socketFactory: sockets.factory,
          // Only what is needed for compaction to show within a test.
          topicConfig: { 'segment.ms': '200', 'min.cleanable.dirty.ratio': '0.01', 'delete.retention.ms': '0' },
        });
        clients.set(log, sockets);
        return log;
      },
      crash: (log) => {
        clients.get(log)?.cut();
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    }),
  { compactionMs: 90_000, crashMs: 30_000 },
);
