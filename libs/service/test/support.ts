import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { httpConfig, internalAuthConfig, telemetryConfig } from '@myriad/config';
import { eventLogConfig } from '@myriad/messaging';
import { Database, databaseConfig, infrastructureMigration } from '@myriad/persistence';
import { z } from 'zod';
import type { OpenServiceDatabase } from '../src/index.js';

/** What every service is told. */
export const schema = z.object({
  ...httpConfig,
  ...internalAuthConfig,
  ...telemetryConfig,
  ...databaseConfig,
  ...eventLogConfig,
});

/** A database with the tables of every service. */
export const openDatabase: OpenServiceDatabase = (options) =>
  Database.open({ ...options, entities: [], migrations: [infrastructureMigration('thing')] });

/** Stands for the process: keeps the exit code, and gives signals when told. */
export class FakeProcess {
  readonly exits: number[] = [];
  readonly written: string[] = [];
  private readonly listeners = new Map<string, () => void>();
  write(text: string): void {
    this.written.push(text);
  }
  exit(code: number): void {
    this.exits.push(code);
  }
  on(signal: string, listener: () => void): void {
    this.listeners.set(signal, listener);
  }
  give(signal: string): void {
    this.listeners.get(signal)?.();
  }
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
