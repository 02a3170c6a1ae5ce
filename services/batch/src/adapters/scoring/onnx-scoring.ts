import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Digest, Owned } from '@myriad/kernel';
import type { ObjectStore } from '@myriad/storage';
import type { ScoreOptions, ScoredShard, Scoring } from '../../application/ports.js';
import { type BatchJob, type Shard, type StoredFile, outputColumns } from '../../domain/batch-job.js';
import { csvField } from './csv-field.js';
import { countRows, withRows, writeParquet } from './duckdb-files.js';
import { ObjectPart, partHead } from './object-part.js';
import type { RowScorer } from './row-scorer.js';
import { ShardWriter } from './shard-writer.js';

const MAX_ARTIFACT_BYTES = 512 * 1024 * 1024;

type PartKind = 'output' | 'errors';

interface Part {
  readonly digest: Digest;
  readonly label: string;
}

/** The same whoever scores the shard, so that a shard scored twice gives the same objects; and no other job's, so that nobody else names what is swept. */
const labelOf = ({ batchJobId }: BatchJob, kind: PartKind, shard: number): string => `${batchJobId}/${kind}/${shard}`;

/** Scores what DuckDB reads, by kernels or ONNX Runtime as admission chose: one pass over the file, some thousand rows in memory. */
export class OnnxScoring implements Scoring {
  constructor(
    private readonly objects: ObjectStore,
    private readonly scratchFolder: string,
  ) {}

  countRows(job: Owned<BatchJob>): Promise<number> {
    return this.objects.withLocalFile(job.tenantId, job.dataset.digest, (path) => countRows(path, job.dataset.format));
  }

  async score(job: Owned<BatchJob>, options: ScoreOptions): Promise<void> {
    const { ModelHost, readParts } = await import('@myriad/inference');
    const { RowScorer: Rows } = await import('./row-scorer.js');
    const host = new ModelHost();
    try {
      // the way of real-time prediction, for the same bits
      const parts = await readParts(job.model, MAX_ARTIFACT_BYTES, (digest, maxBytes) =>
        this.objects.getBytes(job.tenantId, digest, maxBytes),
      );
      const model = await host.load(parts);
      await this.objects.withLocalFile(job.tenantId, job.dataset.digest, (path) =>
        this.scoreFile(job, path, new Rows(job.model, model), options),
      );
    } finally {
      host.dispose();
    }
  }

  async assemble(
    job: Owned<BatchJob>,
    shards: readonly Shard[],
  ): Promise<{ output: StoredFile; errors: StoredFile | null }> {
    const outputs = shards.map(({ shard, outputDigest }): Part => {
      return { digest: outputDigest, label: labelOf(job, 'output', shard) };
    });
    const bad = shards.flatMap(({ shard, errorsDigest }): Part[] =>
      errorsDigest === null ? [] : [{ digest: errorsDigest, label: labelOf(job, 'errors', shard) }],
    );
    const errors = bad.length === 0 ? null : await this.putCsv(job, 'row,column,value,error\n', bad);
    const columns = outputColumns(job.model.signature.outputs);
    if (job.outputFormat === 'parquet') return { output: await this.putParquet(job, columns, outputs), errors };
    const header = `${['row', ...columns.map(({ name }) => csvField(name))].join(',')}\n`;
    return { output: await this.putCsv(job, header, outputs), errors };
  }

  async sweep(job: Owned<BatchJob>, shards: readonly Shard[]): Promise<void> {
    for (const { outputDigest, errorsDigest } of shards)
      for (const digest of [outputDigest, errorsDigest])
        if (digest !== null) await this.objects.delete(job.tenantId, digest);
  }

  private putCsv(job: Owned<BatchJob>, header: string, parts: readonly Part[]): Promise<StoredFile> {
    return this.objects.put(job.tenantId, Readable.from(this.join(job, header, parts)));
  }

  private async putParquet(
    job: Owned<BatchJob>,
    columns: ReturnType<typeof outputColumns>,
    parts: readonly Part[],
  ): Promise<StoredFile> {
    const folder = await mkdtemp(join(this.scratchFolder, 'parquet-'));
    try {
      const [csv, parquet] = [join(folder, 'output.csv'), join(folder, 'output.parquet')];
      await pipeline(Readable.from(this.join(job, '', parts)), createWriteStream(csv));
      await writeParquet(csv, parquet, columns);
      return await this.objects.put(job.tenantId, createReadStream(parquet));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  private async *join(job: Owned<BatchJob>, header: string, parts: readonly Part[]): AsyncGenerator<Buffer> {
    if (header !== '') yield Buffer.from(header);
    for (const { digest, label } of parts) {
      let toSkip = Buffer.byteLength(partHead(label));
      // read whole, so that its digest is checked
      for await (const chunk of (await this.objects.get(job.tenantId, digest)) as AsyncIterable<Buffer>) {
        if (chunk.length > toSkip) yield chunk.subarray(toSkip);
        toSkip = Math.max(0, toSkip - chunk.length);
      }
    }
  }

  private async scoreFile(
    job: Owned<BatchJob>,
    path: string,
    scorer: RowScorer,
    { shardsDone, signal, keep }: ScoreOptions,
  ): Promise<void> {
    const from = { path, format: job.dataset.format, firstRow: shardsDone * job.shardRows };
    const names = job.model.signature.inputs.map(({ name }) => name);
    await withRows(from, names, async (rows) => {
      let shard = new OpenShard(job, shardsDone, { objects: this.objects, scorer });
      try {
        for await (const columns of rows) {
          const count = columns[0]?.length ?? 0;
          for (let at = 0; at < count;) {
            signal.throwIfAborted();
            const end = Math.min(count, at + job.shardRows - shard.writer.rows);
            const part = columns.map((column) => column.slice(at, end));
            await shard.writer.add(part, end - at);
            at = end;
            if (shard.writer.rows < job.shardRows) continue;
            await keep(await shard.finish());
            shard = new OpenShard(job, shard.index + 1, { objects: this.objects, scorer });
          }
        }
        if (shard.writer.rows > 0) await keep(await shard.finish());
      } finally {
        // nothing happens to what was finished
        await shard.writer.abort();
      }
    });
  }
}

/** A shard that is being scored. */
class OpenShard {
  readonly writer: ShardWriter;
  private readonly startedAt = new Date();
  private readonly microsBefore: number;

  constructor(
    job: Owned<BatchJob>,
    readonly index: number,
    private readonly by: { readonly objects: ObjectStore; readonly scorer: RowScorer },
  ) {
    this.microsBefore = by.scorer.computeMicros;
    const open = (kind: PartKind): ObjectPart => new ObjectPart(by.objects, job.tenantId, labelOf(job, kind, index));
    this.writer = new ShardWriter({ model: job.model, scorer: by.scorer, open }, index * job.shardRows);
  }

  async finish(): Promise<ScoredShard> {
    const { output, errors } = await this.writer.finish();
    const { rows, rowErrors } = this.writer;
    return {
      shard: { shard: this.index, rows, rowErrors, outputDigest: output.digest, errorsDigest: errors?.digest ?? null },
      computeMicros: this.by.scorer.computeMicros - this.microsBefore,
      startedAt: this.startedAt,
    };
  }
}
