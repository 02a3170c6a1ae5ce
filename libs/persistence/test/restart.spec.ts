import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestDatabase, eventually, tempFolder, testContext, type TempFolder } from '@myriad/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { initCluster, startPostgres, type RunningPostgres } from '../../../tools/postgres/launch.mjs';
import { Database, OutboxRelay, UnitOfWork } from '../src/index.js';
import { ListLog, optionsFor, silent, thingChanged } from './support.js';

const aa = testContext('aa');
const PASSWORD = 'only-for-this-test';
/** A killed process loses nothing that it gave to the operating system: only a power cut needs fsync. */
const settings = { fsync: 'off', shared_buffers: '16MB', max_wal_size: '64MB' };
const patient = { timeoutMs: 30_000 };

describe('a restart of PostgreSQL', () => {
  let folder: TempFolder;
  let server: RunningPostgres;
  const dataFolder = (): string => join(folder.path, 'data');
  beforeAll(async () => {
    folder = await tempFolder();
    await chmod(folder.path, 0o711);
    await initCluster({ dataFolder: dataFolder(), superuserPassword: PASSWORD, sync: false });
    server = await startPostgres({ dataFolder: dataFolder(), settings });
  });
  afterAll(async () => {
    await server.stop('immediate');
    await folder.remove();
  });

  it.each(['fast', 'immediate'] as const)(
    '(%s) loses no event that was committed and needs no new process',
    async (mode) => {
      const serverUrl = `postgres://postgres:${PASSWORD}@127.0.0.1:${server.port}/postgres`;
      const test = await createTestDatabase({ service: 'shop', serverUrl });
      const database = await Database.open(optionsFor(test));
      const uow = new UnitOfWork(database);
      const log = new ListLog();
      const relay = new OutboxRelay({ database, append: log.append, logger: silent });
      relay.start();

      const committed: number[] = [];
      const writer = new AbortController();
      const writing = (async () => {
        for (let size = 0; !writer.signal.aborted; size += 1)
          await uow
            .run(aa, (tx) => tx.emit(thingChanged, { name: 'x', size }))
            .then(
              () => committed.push(size),
              () => new Promise((resolve) => setTimeout(resolve, 20)),
            );
      })();
      await eventually(() => {
        expect(committed.length).toBeGreaterThan(20);
      }, patient);
      const { port } = server;
      await server.stop(mode);
      server = await startPostgres({ dataFolder: dataFolder(), port, settings });
      const before = committed.length;
      await eventually(() => {
        expect(committed.length).toBeGreaterThan(before + 20);
      }, patient);
      writer.abort();
      await writing;
      await relay.flush();

      const sizes = log.sizesOf('aa/x');
      expect(committed.filter((size) => !sizes.includes(size))).toEqual([]);
      const firstTimes = sizes.filter((size, index) => sizes.indexOf(size) === index);
      expect(firstTimes).toEqual([...firstTimes].sort((a, b) => a - b));
      await relay.stop();
      await database.close();
      await test.drop();
    },
  );
});
