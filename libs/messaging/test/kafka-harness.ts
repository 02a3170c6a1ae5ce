import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { KafkaEventLog, type EventLog, type KafkaEventLogOptions } from '../src/index.js';
import type { LogHarness } from './support.js';

/** Sockets of one client, to be cut for good. */
class Sockets {
  private readonly open = new Set<Socket>();
  private isCut = false;

  add(socket: Socket): void {
    this.open.add(socket);
    socket.on('close', () => this.open.delete(socket));
    if (this.isCut) process.nextTick(() => socket.destroy(new Error('the process is dead')));
  }

  cut(): void {
    this.isCut = true;
    for (const socket of this.open) socket.destroy(new Error('the process is dead'));
  }
}

const owner = new AsyncLocalStorage<Sockets>();
// Node tells of every socket that is made; whose it is stands in the asynchronous context of what made it.
subscribe('net.client.socket', (message) => owner.getStore()?.add((message as { socket: Socket }).socket));

/** Clients of a real Kafka that can be cut off as `kill -9` does. */
export function kafkaHarness(options: Omit<KafkaEventLogOptions, 'clientId'>): LogHarness {
  const clients = new Map<EventLog, Sockets>();
  return {
    connect: async () => {
      const sockets = new Sockets();
      const log = await owner.run(sockets, () => KafkaEventLog.open({ clientId: 'contract', ...options }));
      const owned = new Proxy(log, {
        get: (target, name) => {
          const member: unknown = Reflect.get(target, name);
          if (typeof member !== 'function') return member;
          return (...args: unknown[]): unknown => owner.run(sockets, () => member.apply(target, args) as unknown);
        },
      });
      clients.set(owned, sockets);
      return owned;
    },
    crash: (log) => {
      clients.get(log)?.cut();
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}
