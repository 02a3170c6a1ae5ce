import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { ProblemError } from '@myriad/kernel';
import { type TempFolder, tempFolder } from '@myriad/testing';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { DuckdbFileInspector } from '../../src/adapters/duckdb/duckdb-file-inspector.js';
import type { FileFacts, FileFormat } from '../../src/domain/dataset.js';

describe('DuckdbFileInspector', () => {
  let folder: TempFolder;
  let files = 0;
  beforeAll(async () => {
    folder = await tempFolder();
  });
  afterAll(() => folder.remove());

  async function inspect(bytes: Uint8Array | string, format: FileFormat = 'csv'): Promise<FileFacts> {
    const path = join(folder.path, `it's ${++files}.data`);
    await writeFile(path, bytes);
    return new DuckdbFileInspector().inspect(path, format);
  }

  async function refusal(bytes: Uint8Array | string, format: FileFormat = 'csv'): Promise<ProblemError> {
    const error: unknown = await inspect(bytes, format).then(
      (facts) => new Error(`it was accepted: ${JSON.stringify(facts)}`),
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof ProblemError)) throw error;
    expect(error.kind).toBe('unprocessable');
    return error;
  }

  async function parquet(select: string): Promise<Buffer> {
    const path = join(folder.path, `made ${++files}.parquet`);
    const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
    const connection = await instance.connect();
    await connection.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
    connection.closeSync();
    instance.closeSync();
    return readFile(path);
  }

  it('finds types, nulls and statistics of a CSV file', async () => {
    const facts = await inspect(
      'day,delay,carrier,late,at\n1,2.5,AA,true,2013-01-01 05:15:00\n2,,BB,false,2013-01-02 05:15:00\n3,-0.5,AA,true,\n',
    );
    expect(facts.rowCount).toBe(3);
    expect(facts.columns.map(({ name, type, nullCount }) => [name, type, nullCount])).toEqual([
      ['day', 'integer', 0],
      ['delay', 'number', 1],
      ['carrier', 'string', 0],
      ['late', 'boolean', 0],
      ['at', 'timestamp', 1],
    ]);
    const [day, delay, carrier, late] = facts.columns;
    expect(day).toMatchObject({ distinctCount: 3, min: 1, max: 3, mean: 2, standardDeviation: 1 });
    expect(delay).toMatchObject({ min: -0.5, max: 2.5, mean: 1 });
    expect(carrier).toMatchObject({ distinctCount: 2, min: 'AA', max: 'BB', mean: null, standardDeviation: null });
    expect(late).toMatchObject({ min: 'false', max: 'true', mean: null });
  });

  it('reads a byte order mark, quotes, and values that hold commas, quotes and line breaks', async () => {
    const facts = await inspect('\uFEFF"na ""me""",b\r\n"x, ""y""\r\nz",1\r\n"",2\r\n');
    expect(facts.rowCount).toBe(2);
    expect(facts.columns.map(({ name, type }) => [name, type])).toEqual([
      ['na "me"', 'string'],
      ['b', 'integer'],
    ]);
  });

  it('takes a last line without an end, and values beyond ASCII', async () => {
    const facts = await inspect('größe,n\nklein,1\nübergroß,2');
    expect(facts).toMatchObject({ rowCount: 2, columns: [{ name: 'größe', max: 'übergroß' }, { name: 'n' }] });
  });

  it('types a column by all of its values, not by the first ones', async () => {
    const facts = await inspect(`n\n${'1\n'.repeat(50_000)}x\n`);
    expect(facts).toMatchObject({ rowCount: 50_001, columns: [{ type: 'string', distinctCount: 2 }] });
  });

  it('leaves NaN and infinities out of the statistics', async () => {
    const facts = await inspect(
      await parquet("SELECT unnest([1.0::double, 'nan'::double, 'inf'::double, 3.0::double]) AS x"),
      'parquet',
    );
    expect(facts.columns).toEqual([expect.objectContaining({ min: 1, max: 3, mean: 2, nullCount: 0 })]);
  });

  it('finds types and statistics of a Parquet file', async () => {
    const bytes = await parquet(
      "SELECT i::integer AS i, i / 4 AS q, 'c' || (i % 2) AS c, i > 2 AS b, DATE '2013-01-01' + i::integer AS d, nullif(i, 3) AS n, [i] AS l FROM range(1, 5) t(i)",
    );
    const facts = await inspect(bytes, 'parquet');
    expect(facts.rowCount).toBe(4);
    expect(facts.columns.map(({ name, type, nullCount }) => [name, type, nullCount])).toEqual([
      ['i', 'integer', 0],
      ['q', 'number', 0],
      ['c', 'string', 0],
      ['b', 'boolean', 0],
      ['d', 'timestamp', 0],
      ['n', 'integer', 1],
      ['l', 'string', 0],
    ]);
    expect(facts.columns[0]).toMatchObject({ min: 1, max: 4, mean: 2.5 });
  });

  test.each([
    ['a short row', 'a,b\n1,2\n3\n', /^line 3 has 1 values; the header has 2$/],
    ['a long row', 'a,b\n1,2\n3,4\n5,6,7\n', /^line 4 has 3 values; the header has 2$/],
  ])('%s is refused as ragged, and its line is named', async (_name, text, detail) => {
    const { code, message } = await refusal(text);
    expect(code).toBe('registry.csv_ragged');
    expect(message).toMatch(detail);
  });

  it('finds a ragged row far behind what a sample would see', async () => {
    const { code, message } = await refusal(`a,b\n${'1,2\n'.repeat(60_000)}1\n`);
    expect([code, message]).toEqual(['registry.csv_ragged', 'line 60002 has 1 values; the header has 2']);
  });

  const latin = (text: string): Buffer => Buffer.from(text, 'latin1');
  test.each([
    ['Latin-1', latin('name\nMüller\n')],
    ['Latin-1, cut off within what could be UTF-8', latin('name\nMü')],
    ['UTF-16 with a byte order mark', Buffer.from('\uFEFFa,b\n1,2\n', 'utf16le')],
    ['UTF-16 without one', Buffer.from('a,b\n1,2\n', 'utf16le')],
    ['big-endian UTF-16', Buffer.from('\uFEFFa,b\n1,2\n', 'utf16le').swap16()],
  ])('text in %s is refused', async (_name, bytes) => {
    const { code, message } = await refusal(bytes);
    expect(code).toBe('registry.csv_encoding');
    expect(message).toContain('UTF-8');
  });

  test.each([
    ['nothing', ''],
    ['blank lines only', '\n \n'],
    ['a byte order mark only', '\uFEFF'],
    ['a header only', 'a,b\n'],
    ['a header without an end of line', 'a,b'],
  ])('a file of %s is refused as empty', async (_name, text) => {
    expect((await refusal(text)).code).toBe('registry.file_empty');
  });

  test.each([
    ['a,b,a\n1,2,3\n', "'a' twice"],
    ['"a",b,a\n1,2,3\n', "'a' twice"],
    ['a;b;b\n1;2;3\n', "'b' twice"],
    ['day,Day\n1,2\n', "'Day' twice"],
    ['a,,b\n1,2,3\n', 'column 2 of the header has no name'],
  ])('the header of %j is refused', async (text, detail) => {
    const { code, message } = await refusal(text);
    expect(code).toBe('registry.csv_duplicate_header');
    expect(message).toContain(detail);
  });

  it('refuses Parquet that is cut, is something else, or has no rows', async () => {
    const bytes = await parquet('SELECT * FROM range(1000)');
    for (const cut of [bytes.subarray(0, bytes.length - 20), bytes.subarray(0, 6), Buffer.from('a,b\n1,2\n')]) {
      const { code, message } = await refusal(cut, 'parquet');
      expect(code).toBe('registry.file_invalid');
      expect(message).toContain('Parquet');
      expect(message).not.toContain(folder.path);
    }
    expect((await refusal(Buffer.alloc(0), 'parquet')).code).toMatch(/registry\.file_(empty|invalid)/);
    expect((await refusal(await parquet('SELECT 1 AS a WHERE false'), 'parquet')).code).toBe('registry.file_empty');
    expect((await refusal(bytes)).code).toMatch(/^registry\.(csv_encoding|file_invalid)$/);
  });

  it('reads no other file, whatever the file says', async () => {
    const secret = join(folder.path, 'secret.csv');
    await writeFile(secret, 'a\n1\n');
    const facts = await inspect(`a\n"SELECT * FROM read_csv('${secret}')"\n`);
    expect(facts.rowCount).toBe(1);
  });

  describe('of a file that is made to hurt', () => {
    const inPlace = async (name: string, content: string): Promise<string> => {
      const path = join(folder.path, name);
      await writeFile(path, content);
      return path;
    };
    const codeOf = async (path: string, format: 'csv' | 'parquet', inspector = new DuckdbFileInspector()) => {
      const error: unknown = await inspector.inspect(path, format).catch((reason: unknown) => reason);
      return error instanceof ProblemError ? error.code : String(error);
    };

    it.each([
      ['more columns than anybody has', Array.from({ length: 5_000 }, (_, at) => `c${at}`).join(), 'too_many_columns'],
      [
        'a header of one megabyte',
        Array.from({ length: 150_000 }, (_, at) => at.toString(36)).join(),
        'too_many_columns',
      ],
      ['a header that is one long name', 'a'.repeat(3_000_000), 'csv_ragged'],
      ['a quote that is never closed', `a,b\n"${'x'.repeat(3_000_000)}`, 'file_invalid'],
      ['a million quotes', `a,b\n${'"'.repeat(1_000_001)},1\n`, 'file_invalid'],
    ])('%s is refused in time', async (_what, header, code) => {
      const fromMs = performance.now();
      const path = await inPlace('hurt.csv', `${header}\n1,2\n`);
      expect(await codeOf(path, 'csv')).toBe(`registry.${code}`);
      expect(performance.now() - fromMs).toBeLessThan(20_000);
    });

    const packed = async (select: string): Promise<string> => {
      const path = join(folder.path, 'bomb.parquet');
      const instance = await DuckDBInstance.create(':memory:');
      const connection = await instance.connect();
      await connection.run(`COPY (${select}) TO '${path}' (FORMAT parquet, COMPRESSION zstd)`);
      connection.closeSync();
      expect((await stat(path)).size).toBeLessThan(1_000_000);
      return path;
    };

    it('Parquet of a few kilobytes that holds a text of 270 MB is refused, and takes none of them', async () => {
      const path = await packed("SELECT repeat('x', 270000000) AS a");
      const residentBytes = process.memoryUsage().rss;
      expect(await codeOf(path, 'parquet')).toBe('registry.file_too_costly');
      expect(process.memoryUsage().rss - residentBytes).toBeLessThan(200_000_000);
    });

    it('Parquet of a few kilobytes that stands for many rows is given up when its time is over', async () => {
      const path = await packed("SELECT 'x' AS a FROM range(4000000)");
      expect(await codeOf(path, 'parquet', new DuckdbFileInspector(0.001))).toBe('registry.file_too_costly');
    });
  });
});
