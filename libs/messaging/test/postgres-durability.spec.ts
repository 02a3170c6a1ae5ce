import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, eventually, tempFolder, type TempFolder, type TestDatabase } from '@myriad/testing';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { initCluster, startPostgres, type RunningPostgres } from '../../../tools/postgres/launch.mjs';
import { PostgresEventLog } from '../src/index.js';
import { Journal, numbered, range, record, tenantKeys, testTopic, unique, valueOf } from './support.js';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

describe('PostgresEventLog', () => {
  describe('with processes that die', () => {
    let database: TestDatabase;
    let log: PostgresEventLog;
    const children: ChildProcess[] = [];
    beforeAll(async () => {
      database = await createTestDatabase({ service: 'log' });
      log = await PostgresEventLog.open({ url: database.migrationUrl });
    });
    afterAll(async () => {
      for (const child of children) child.kill('SIGKILL');
      await log.close();
      await database.drop();
    });

    async function startMember(group: string, topic: string): Promise<{ child: ChildProcess; lines: string[] }> {
      const args = [
        '--conditions=development',
        '--import',
        here('./typescript-loader.mjs'),
        here('./member-process.ts'),
      ];
      const child = spawn(process.execPath, [...args, database.migrationUrl, group, topic], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      children.push(child);
      const lines: string[] = [];
      child.stdout.on('data', (chunk: Buffer) => lines.push(...chunk.toString().split('\n').filter(Boolean)));
      await eventually(() => {
        expect(lines).toContain('joined');
      });
      return { child, lines };
    }

    it('moves the partitions of a process killed with -9 long before its session ends, and skips nothing it had not committed', async () => {
      const topic = testTopic();
      await log.ensureTopics([topic]);
      const group = unique('group');
      const { child, lines } = await startMember(group, topic.name);
      const keys = tenantKeys(8);
      await log.append(numbered(topic.name, keys, 0, 50));
      await eventually(() => {
        expect(lines.filter((line) => line.startsWith('committed')).length).toBeGreaterThan(20);
      });
      child.kill('SIGKILL');
      await once(child, 'exit');
      const killedAtMs = Date.now();
      const journal = new Journal();
      const member = await journal.join(log, 'survivor', { group, topics: [topic.name] });
      await eventually(async () => {
        const lag = await log.lag(group, [topic.name]);
        expect(lag.every(({ committedOffset, endOffset }) => committedOffset === endOffset)).toBe(true);
      });
      // The session would have lasted ten seconds.
      expect(Date.now() - killedAtMs).toBeLessThan(8_000);
      const bySurvivor = new Set(journal.handled.map(({ record: r }) => `${r.partition} ${r.offset}`));
      const committed = lines.filter((line) => line.startsWith('committed')).map((line) => line.slice(10));
      const all = (await log.lag(group, [topic.name])).flatMap(({ partition, endOffset }) =>
        range(Number(endOffset)).map((offset) => `${partition} ${offset}`),
      );
      // it may have died between a commit and saying so: the last record it handled of each partition
      const handled = lines.filter((line) => line.startsWith('handled')).map((line) => line.slice(8));
      const inHand = [...new Map(handled.map((place) => [place.split(' ')[0], place])).values()];
      const known = new Set([...bySurvivor, ...committed, ...inHand]);
      expect(all.filter((place) => !known.has(place))).toEqual([]);
      for (const key of keys) {
        const values = journal.valuesOf(key) as number[];
        expect(values).toEqual([...values].sort((a, b) => a - b));
      }
      await member.close();
    }, 60_000);

    it('keeps offsets without gaps when many processes append at once', async () => {
      const topic = testTopic({ partitions: 2 });
      await log.ensureTopics([topic]);
      const others = await Promise.all(range(4).map(() => PostgresEventLog.open({ url: database.migrationUrl })));
      const seen: bigint[][] = [[], []];
      const tail = await log.tail({
        topics: [topic.name],
        onRecord: (stored) => void seen[stored.partition]?.push(stored.offset),
      });
      await Promise.all(
        others.map(async (other, writer) => {
          for (const n of range(50))
            await other.append(tenantKeys(4).map((key) => record(topic.name, key, [writer, n])));
        }),
      );
      await eventually(() => {
        expect(seen.flat()).toHaveLength(800);
      });
      for (const offsets of seen) expect(offsets).toEqual(range(offsets.length).map(BigInt));
      await tail.close();
      for (const other of others) await other.close();
    });
  });

  describe('with a server that goes away', () => {
    let folder: TempFolder;
    let server: RunningPostgres;
    let url: string;
    beforeAll(async () => {
      folder = await tempFolder();
      const dataFolder = join(folder.path, 'data');
      await initCluster({ dataFolder, superuserPassword: 'postgres', sync: false });
      server = await startPostgres({ dataFolder });
      url = `postgres://postgres:postgres@127.0.0.1:${server.port}/postgres`;
    }, 60_000);
    afterAll(async () => {
      await server.stop('immediate');
      await folder.remove();
    });

    it('loses nothing acknowledged, doubles no append, and goes on when PostgreSQL crashed and came back', async () => {
      const topic = testTopic();
      const [writer, reader] = await Promise.all([PostgresEventLog.open({ url }), PostgresEventLog.open({ url })]);
      await writer.ensureTopics([topic]);
      await reader.ensureTopics([topic]);
      const journal = new Journal();
      await journal.join(reader, 'a', { group: unique('group'), topics: [topic.name] });
      const tailed: unknown[] = [];
      const tail = await reader.tail({ topics: [topic.name], onRecord: (stored) => void tailed.push(valueOf(stored)) });
      const acknowledged: number[] = [];
      const stop = new AbortController();
      const writing = (async () => {
        for (let n = 0; !stop.signal.aborted; n += 1) {
          await writer.append([record(topic.name, 'a/x', n)]);
          acknowledged.push(n);
        }
      })();
      for (const mode of ['immediate', 'fast'] as const) {
        const before = acknowledged.length;
        await eventually(() => {
          expect(acknowledged.length).toBeGreaterThan(before + 20);
        });
        await server.stop(mode);
        server = await startPostgres({ dataFolder: join(folder.path, 'data'), port: server.port });
      }
      const before = acknowledged.length;
      await eventually(
        () => {
          expect(acknowledged.length).toBeGreaterThan(before + 20);
        },
        { timeoutMs: 20_000 },
      );
      stop.abort();
      await writing;
      await eventually(
        () => {
          expect([...new Set(journal.valuesOf('a/x'))]).toEqual(acknowledged);
          expect(tailed).toEqual(acknowledged);
        },
        { timeoutMs: 20_000 },
      );
      await tail.close();
      await writer.close();
      await reader.close();
    }, 90_000);
  });
});
