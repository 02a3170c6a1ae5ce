import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { OnnxRuntimeModel } from '@myriad/inference';
import type { Owned } from '@myriad/kernel';
import type { ObjectStore } from '@myriad/storage';
import type { ScoredShard, Scoring } from '../../application/ports.js';
import { type BatchJob, type Shard, type StoredFile, outputColumns } from '../../domain/batch-job.js';
import { csvField } from './csv-field.js';
import { countRows, readRows, writeParquet } from './duckdb-files.js';
import { ShardWriter } from './shard-writer.js';

const MAX_ARTIFACT_BYTES = 512 * 1024 * 1024;

/** Scores with ONNX Runtime what DuckDB reads: one pass over the file, one shard in memory. */
export class OnnxScoring implements Scoring {
  constructor(
    private readonly objects: ObjectStore,
    private readonly scratchFolder: string,
  ) {}

  countRows(job: Owned<BatchJob>): Promise<number> {
    return this.objects.withLocalFile(job.tenantId, job.dataset.digest, (path) => countRows(path, job.dataset.format));
  }

  async *score(job: Owned<BatchJob>, done: ReadonlySet<number>, signal: AbortSignal): AsyncGenerator<ScoredShard> {
    const { OnnxRuntimeModel: Model } = await import('@myriad/inference');
    const model = await Model.load(
      await this.objects.getBytes(job.tenantId, job.model.artifactDigest, MAX_ARTIFACT_BYTES),
    );
    const file = await this.hold(job);
    try {
      yield* this.scoreFile(job, file.path, { done, signal, model });
    } finally {
      model.dispose();
      await file.release();
    }
  }

  async assemble(
    job: Owned<BatchJob>,
    shards: readonly Shard[],
  ): Promise<{ output: StoredFile; errors: StoredFile | null }> {
    const bad = shards.flatMap(({ errorsDigest }) => (errorsDigest === null ? [] : [errorsDigest]));
    const errors =
      bad.length === 0
        ? null
        : await this.objects.put(job.tenantId, Readable.from(this.join(job, 'row,column,value,error\n', bad)));
    const columns = outputColumns(job.model.signature.outputs);
    const header = `${['row', ...columns.map(({ name }) => csvField(name))].join(',')}\n`;
    const digests = shards.map(({ outputDigest }) => outputDigest);
    const csv = await this.objects.put(job.tenantId, Readable.from(this.join(job, header, digests)));
    if (job.outputFormat === 'csv') return { output: csv, errors };
    const folder = await mkdtemp(join(this.scratchFolder, 'parquet-'));
    try {
      const target = join(folder, 'output.parquet');
      await this.objects.withLocalFile(job.tenantId, csv.digest, (path) => writeParquet(path, target, columns));
      return { output: await this.objects.put(job.tenantId, createReadStream(target)), errors };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  private async *join(
    job: Owned<BatchJob>,
    header: string,
    digests: readonly Shard['outputDigest'][],
  ): AsyncGenerator<Buffer> {
    yield Buffer.from(header);
    for (const digest of digests)
      for await (const chunk of await this.objects.get(job.tenantId, digest)) yield chunk as Buffer;
  }

  private async *scoreFile(
    job: Owned<BatchJob>,
    path: string,
    how: { readonly done: ReadonlySet<number>; readonly signal: AbortSignal; readonly model: OnnxRuntimeModel },
  ): AsyncGenerator<ScoredShard> {
    const names = job.model.signature.inputs.map(({ name }) => name);
    let writer = new ShardWriter(job.model, how.model, 0, 0);
    const end = async (): Promise<ScoredShard | undefined> => {
      const { index, firstRow, rows } = writer;
      const scored = rows === 0 || how.done.has(index) ? undefined : await this.keep(job, writer);
      writer = new ShardWriter(job.model, how.model, index + 1, firstRow + rows);
      return scored;
    };
    for await (const columns of readRows(path, job.dataset.format, names)) {
      how.signal.throwIfAborted();
      const count = columns[0]?.length ?? 0;
      for (let at = 0; at < count;) {
        const take = Math.min(count - at, job.shardRows - writer.rows);
        const part = columns.map((column) => column.slice(at, at + take));
        if (how.done.has(writer.index)) writer.skip(take);
        else await writer.add(part, take);
        at += take;
        if (writer.rows < job.shardRows) continue;
        const scored = await end();
        if (scored) yield scored;
      }
    }
    const last = await end();
    if (last) yield last;
  }

  private async keep(job: Owned<BatchJob>, writer: ShardWriter): Promise<ScoredShard> {
    const { output, errors } = await writer.finish();
    const { digest: outputDigest } = await this.objects.put(job.tenantId, Buffer.from(output));
    const errorsDigest = errors === '' ? null : (await this.objects.put(job.tenantId, Buffer.from(errors))).digest;
    return {
      shard: { shard: writer.index, rows: writer.rows, rowErrors: writer.rowErrors, outputDigest, errorsDigest },
      computeMicros: writer.computeMicros,
    };
  }

  /** The dataset as a file of this machine until it is released. */
  private async hold(job: Owned<BatchJob>): Promise<{ readonly path: string; readonly release: () => Promise<void> }> {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    return new Promise((resolve, reject) => {
      const held = this.objects.withLocalFile(job.tenantId, job.dataset.digest, async (path) => {
        resolve({
          path,
          release: async () => {
            release();
            await held;
          },
        });
        await released;
      });
      held.catch(reject);
    });
  }
}
