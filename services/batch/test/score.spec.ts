import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { batchJobChangedV1, batchUsageMeteredV1 } from '@myriad/contracts';
import { splitModel } from '@myriad/inference';
import { tenantId } from '@myriad/kernel';
import { tempFolder } from '@myriad/testing';
import { encodeModel, graphOf, node, value } from '../../../libs/inference/test/onnx-encoder.js';
import { BatchApp, type Flight, csvOf, fixture, realtimeLines, someFlights } from './batch-app.js';

describe('a batch job', () => {
  let app: BatchApp;
  beforeAll(async () => {
    app = await BatchApp.start();
  });
  afterAll(() => app.close());

  const flightsOf = async (tenant: string, flights: readonly Flight[]): Promise<void> => {
    await app.place(tenant);
    await app.commit(tenant, csvOf(flights), { rowCount: flights.length });
  };

  it('scores every row once, in order, with the bits that real-time prediction gives it alone', async () => {
    const flights = someFlights(1250);
    await flightsOf('bits', flights);
    const job = await app.run('bits', { shardRows: 300 });
    expect(job).toMatchObject({ status: 'succeeded', reason: '', errors: null });
    expect(job.progress).toEqual({ shards: 5, shardsDone: 5, rows: 1250, rowErrors: 0 });
    const [header, ...lines] = await app.lines('bits', job.output);
    expect(header).toBe('row,label,probability');
    expect(lines).toEqual(await realtimeLines(flights));
  });

  it('scores by the kernel where that serves the version: again the bits of real-time prediction', async () => {
    const flights = someFlights(1250);
    const bytes = fixture('logistic.onnx');
    const { artifactDigest } = await app.place('kernel', { serving: await app.split('kernel', 'kernel') });
    await app.objects.delete(tenantId('kernel'), artifactDigest);
    await app.commit('kernel', csvOf(flights), { rowCount: flights.length });
    const job = await app.run('kernel', { shardRows: 300 });
    expect(job).toMatchObject({ status: 'succeeded', errors: null });
    const [, ...lines] = await app.lines('kernel', job.output);
    const { skeleton, weights } = splitModel(bytes);
    expect(lines).toEqual(await realtimeLines(flights, { way: 'kernel', skeleton: skeleton.bytes, weights }));
    expect(lines).not.toEqual(await realtimeLines(flights)); // the runtime's last bits are others
  });

  it('gives the same rows whatever the shards, and for models that must run row by row', async () => {
    const flights = someFlights(350);
    await flightsOf('cuts', flights);
    const one = await app.run('cuts', { shardRows: 1000 });
    const many = await app.run('cuts', { shardRows: 100 });
    await app.place('cuts', { generation: 2, batchInvariant: false });
    const single = await app.run('cuts', { shardRows: 200 });
    expect(many.output?.digest).toBe(one.output?.digest);
    expect(single.output?.digest).toBe(one.output?.digest);
  });

  it('lets the output be downloaded', async () => {
    await flightsOf('download', someFlights(3));
    const job = await app.run('download');
    const response = await fetch(job.output!.url);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(await app.read('download', job.output));
  });

  it('puts bad values into the errors file and leaves their rows empty', async () => {
    const good = someFlights(120);
    const flights = good.map((flight, row): Flight => {
      if (row === 7) return ['x', flight[1], flight[2], flight[3]];
      if (row === 50) return [flight[0], 'noon', '1e39', flight[3]];
      if (row === 110) return [flight[0], '0x10', flight[2], flight[3]];
      return flight;
    });
    await flightsOf('faults', flights);
    const job = await app.run('faults');
    expect(job).toMatchObject({ status: 'succeeded', progress: { shards: 2, rows: 120, rowErrors: 3 } });
    const [, ...lines] = await app.lines('faults', job.output);
    const expected = await realtimeLines(good);
    expect(lines).toEqual(expected.map((line, row) => ([7, 50, 110].includes(row) ? `${row},,` : line)));
    const [header, ...errors] = await app.lines('faults', job.errors);
    expect(header).toBe('row,column,value,error');
    expect(errors.map((line) => line.split(',').slice(0, 3).join(','))).toEqual([
      '7,month,x',
      '50,hour,noon',
      '50,distance,1e39',
      '110,hour,0x10',
    ]);
  });

  it('takes a file of which no row is good', async () => {
    await flightsOf(
      'hopeless',
      someFlights(3).map((flight): Flight => ['?', flight[1], flight[2], flight[3]]),
    );
    const job = await app.run('hopeless');
    expect(job).toMatchObject({ status: 'succeeded', progress: { rows: 3, rowErrors: 3 } });
    expect(await app.lines('hopeless', job.output)).toEqual(['row,label,probability', '0,,', '1,,', '2,,']);
  });

  it('tells a row that the model itself refuses apart from its neighbours', async () => {
    await app.place('gather', { signature: GATHER }, encodeGather([0.5, 1.5, 2.5]));
    await app.commit('gather', Buffer.from('index\n0\n2\n7\n1\n'), {
      rowCount: 4,
      columns: [{ name: 'index', type: 'integer', nullCount: 0 }],
    });
    const job = await app.run('gather');
    expect(job).toMatchObject({ status: 'succeeded', progress: { rows: 4, rowErrors: 1 } });
    expect(await app.lines('gather', job.output)).toEqual(['row,value', '0,0.5', '1,2.5', '2,', '3,1.5']);
    expect((await app.lines('gather', job.errors))[1]).toMatch(/^2,/);
  });

  it('reads quotes, separators and line ends inside of values, however late they come', async () => {
    const plain = someFlights(30_000);
    const odd: Flight = ['1', '12', '500', 'a "quoted", odd\nplace'];
    await app.place('quotes');
    const text = `${csvOf(plain).toString()}1,12,500,"a ""quoted"", odd\nplace"\n`;
    await app.commit('quotes', Buffer.from(text), { rowCount: 30_001 });
    const job = await app.run('quotes', { shardRows: 10_000 });
    expect(job).toMatchObject({ status: 'succeeded', progress: { shards: 4, rows: 30_001, rowErrors: 0 } });
    const lines = await app.lines('quotes', job.output);
    const [line] = await realtimeLines([odd]);
    expect(lines).toHaveLength(30_002);
    expect(lines.at(-1)).toBe(`30000${line!.slice(1)}`);
  });

  it('reads Parquet and writes Parquet with the same bits', async () => {
    const flights = someFlights(450);
    const folder = await tempFolder();
    try {
      const [csv, parquet, output] = ['in.csv', 'in.parquet', 'out.parquet'].map((name) => join(folder.path, name));
      await writeFile(csv!, csvOf(flights));
      await query(
        `COPY (SELECT month::FLOAT AS month, hour::SMALLINT AS hour, distance::DOUBLE AS distance, origin FROM read_csv('${csv}', header = true)) TO '${parquet}' (FORMAT parquet)`,
      );
      await app.place('parquet');
      await app.commit('parquet', await readFile(parquet!), { rowCount: 450, format: 'parquet' });
      const job = await app.run('parquet', { outputFormat: 'parquet', shardRows: 200 });
      expect(job).toMatchObject({ status: 'succeeded', outputFormat: 'parquet' });
      await writeFile(output!, await app.read('parquet', job.output));
      const types = await query(`SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM '${output}')`);
      expect(types).toEqual([
        ['row', 'BIGINT'],
        ['label', 'BIGINT'],
        ['probability', 'FLOAT'],
      ]);
      const rows = await query(`SELECT row::VARCHAR, label::VARCHAR, probability::DOUBLE FROM '${output}'`);
      const lines = rows.map(([row, label, probability]) =>
        [String(row), String(label), String(probability)].join(','),
      );
      expect(lines).toEqual(await realtimeLines(flights));
    } finally {
      await folder.remove();
    }
  });

  it('leaves a bad row null in Parquet', async () => {
    const folder = await tempFolder();
    try {
      await flightsOf('nulls', [...someFlights(2), ['?', '1', '1', 'EWR']]);
      const job = await app.run('nulls', { outputFormat: 'parquet' });
      const output = join(folder.path, 'out.parquet');
      await writeFile(output, await app.read('nulls', job.output));
      expect(await query(`SELECT count(*)::INT, count(label)::INT, count(probability)::INT FROM '${output}'`)).toEqual([
        [3, 2, 2],
      ]);
    } finally {
      await folder.remove();
    }
  });

  it('stays with the version and the data that were there when it was made', async () => {
    const flights = someFlights(4);
    await flightsOf('pinned', flights);
    const before = await app.run('pinned');
    await app.place('pinned', { generation: 2, version: 2, versionId: 'ver_2' }, fixture('forest.onnx'));
    await app.commit('pinned', csvOf(someFlights(9)), { rowCount: 9, version: 2 });
    const after = await app.run('pinned');
    const old = await app.run('pinned', { dataset: { name: 'flights', version: 1 } });
    expect([before.version, before.dataset.version]).toEqual([1, 1]);
    expect([after.version, after.dataset.version, after.progress.rows]).toEqual([2, 2, 9]);
    expect([old.version, old.dataset.version, old.progress.rows]).toEqual([2, 1, 4]);
    expect(await app.get('pinned', before.batchJobId)).toMatchObject({ version: 1, dataset: { version: 1 } });
  });

  it('tells where it is, and meters each shard once', async () => {
    await flightsOf('meter', someFlights(250));
    const { batchJobId } = await app.run('meter');
    await app.harness.flush();
    const told = app.harness.eventsOf(batchJobChangedV1).filter(({ data }) => data.batchJobId === batchJobId);
    expect(told.map(({ data }) => data.status)).toEqual(['queued', 'running', 'succeeded']);
    expect(told.at(-1)?.data).toMatchObject({ rows: 250, rowErrors: 0 });
    const usage = app.harness.eventsOf(batchUsageMeteredV1).filter(({ data }) => data.batchJobId === batchJobId);
    expect(usage.map(({ data }) => data.rows)).toEqual([100, 100, 50]);
    expect(usage[0]?.data).toMatchObject({
      versionId: 'ver_1',
      environment: 'production',
      application: 'flight-delay',
    });
  });

  it('fails with the reason when the file is not what was committed', async () => {
    await app.place('torn');
    await app.commit('torn', Buffer.from('not parquet'), { rowCount: 3, format: 'parquet' });
    const job = await app.run('torn');
    expect(job.status).toBe('failed');
    expect(job.reason).not.toBe('');
    expect(job.reason).not.toContain(app.harness.parts.folder);
  });
});

const GATHER = {
  inputs: [{ name: 'index', datatype: 'INT64' as const, shape: [-1, 1] }],
  outputs: [{ name: 'value', datatype: 'FP32' as const, shape: [-1, 1] }],
};

/** Looks each index up in a table; ONNX Runtime refuses the whole run when one is outside of it. */
function encodeGather(floats: readonly number[]): Buffer {
  return encodeModel(
    graphOf([node('Gather', ['table', 'index'], ['value'])], {
      initializer: [
        { dims: [floats.length], dataType: 1, name: 'table', rawData: Buffer.from(new Float32Array(floats).buffer) },
      ],
      input: [value('index', [-1, 1], 7)],
      output: [value('value', [-1, 1])],
    }),
  );
}

async function query(sql: string): Promise<readonly unknown[][]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRows();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
