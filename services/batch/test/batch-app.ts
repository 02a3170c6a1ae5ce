import { readFileSync } from 'node:fs';
import {
  type EventData,
  type RouteBody,
  type RouteResponse,
  batchRoutes,
  datasetVersionCommittedV1,
  placementChangedV1,
} from '@myriad/contracts';
import { ModelHost, type ModelParts, inspectOnnxBytes, parseInferRequest, splitModel } from '@myriad/inference';
import { type Clock, type Digest, tenantId } from '@myriad/kernel';
import type { DatabaseOptions } from '@myriad/persistence';
import type { ObjectStore } from '@myriad/storage';
import { ServiceHarness, eventually } from '@myriad/testing';
import { AppModule } from '../src/app.module.js';
import { openBatchDatabase } from '../src/persistence/batch-database.js';

const FIXTURES = `${import.meta.dirname}/../../../libs/inference/test/fixtures`;

export type Job = RouteResponse<typeof batchRoutes.getBatchJob>;
export type Placement = EventData<typeof placementChangedV1>;
export type DatasetVersion = EventData<typeof datasetVersionCommittedV1>;
export type JobBody = Partial<RouteBody<typeof batchRoutes.createBatchJob>>;
type Urls = Pick<DatabaseOptions, 'url' | 'migrationUrl'>;

/** A real model: columns month, hour, distance (FP32) and origin (BYTES). */
export const fixture = (name: string): Buffer => readFileSync(`${FIXTURES}/${name}`);

export interface BatchAppOptions {
  /** The database of another process instead of an own one. */
  readonly urls?: Urls;
  /** Default the harness's store. */
  readonly store?: (objects: ObjectStore) => ObjectStore;
  readonly clock?: Clock;
}

/** The whole service on a real PostgreSQL, with a log in memory and a file store. */
export class BatchApp {
  private constructor(
    readonly harness: ServiceHarness,
    readonly urls: Urls,
  ) {}

  static async start({ urls, store = (objects) => objects, clock }: BatchAppOptions = {}): Promise<BatchApp> {
    let opened: Urls | undefined;
    const harness = await ServiceHarness.start({
      service: 'batch',
      openDatabase: (options) => {
        opened = urls ?? options;
        const { url, migrationUrl } = opened;
        return openBatchDatabase({ ...options, url, ...(migrationUrl === undefined ? {} : { migrationUrl }) });
      },
      module: ({ database, objects, folder, logger }) =>
        AppModule.with({
          database,
          store: store(objects),
          scratchFolder: folder,
          logger,
          ...(clock === undefined ? {} : { clock }),
        }),
    });
    if (opened === undefined) throw new Error('no database was opened');
    return new BatchApp(harness, opened);
  }

  get objects(): ObjectStore {
    return this.harness.parts.objects;
  }

  close(): Promise<void> {
    return this.harness.close();
  }

  /** Puts a model live, as the deployer would tell; every event comes twice. */
  async place(tenant: string, more: Partial<Placement> = {}, bytes = fixture('logistic.onnx')): Promise<Placement> {
    const { digest, sizeBytes } = await this.objects.put(tenantId(tenant), bytes);
    const placement: Placement = {
      tenantId: tenant,
      modelName: 'flight-delay',
      version: 1,
      versionId: 'ver_1',
      application: 'flight-delay',
      environment: 'production',
      pool: 'tabular-small',
      generation: 1,
      status: 'active',
      artifactDigest: digest,
      sizeBytes,
      parityDigest: null,
      signature: inspectOnnxBytes(bytes).signature,
      batchInvariant: true,
      rolloutId: 'rol_1',
      ...more,
    };
    await this.harness.publish(placementChangedV1, tenant, placement);
    return placement;
  }

  /** Puts the parts of a model among the tenant's objects, as admission does. */
  async split(
    tenant: string,
    way: 'kernel' | 'inputs',
    bytes = fixture('logistic.onnx'),
  ): Promise<NonNullable<Placement['serving']>> {
    const { skeleton, weights } = splitModel(bytes);
    const [first, second] = [
      await this.objects.put(tenantId(tenant), skeleton.bytes),
      await this.objects.put(tenantId(tenant), weights),
    ];
    const split = {
      skeletonDigest: first.digest,
      skeletonBytes: first.sizeBytes,
      weightsDigest: second.digest,
      weightsBytes: second.sizeBytes,
    };
    return { way, micros: 1, memoryBytes: 304, split };
  }

  /** Commits a dataset, as the registry would tell; every event comes twice. */
  async commit(
    tenant: string,
    bytes: Buffer,
    more: Partial<DatasetVersion> & Pick<DatasetVersion, 'rowCount'>,
  ): Promise<DatasetVersion> {
    const { digest, sizeBytes } = await this.objects.put(tenantId(tenant), bytes);
    const columns = more.columns ?? FLIGHT_COLUMNS;
    const version: DatasetVersion = {
      tenantId: tenant,
      datasetId: 'dst_1',
      datasetName: 'flights',
      version: 1,
      digest,
      sizeBytes,
      format: 'csv',
      classification: 'internal',
      committedBy: 'svc_1',
      ...more,
      columns,
    };
    await this.harness.publish(datasetVersionCommittedV1, tenant, version);
    return version;
  }

  async create(tenant: string, body: JobBody = {}): Promise<Job> {
    const full = { modelName: 'flight-delay', dataset: { name: 'flights' }, shardRows: 100, ...body };
    return (await this.harness.request(batchRoutes.createBatchJob, { tenant, body: full })).body;
  }

  async get(tenant: string, batchJobId: string): Promise<Job> {
    return (await this.harness.request(batchRoutes.getBatchJob, { tenant, params: { batchJobId } })).body;
  }

  /** The job once it has ended. */
  ended(tenant: string, batchJobId: string): Promise<Job> {
    return eventually(async () => {
      const job = await this.get(tenant, batchJobId);
      if (job.endedAt === null) throw new Error(`the job is ${job.status}: ${job.reason}`);
      return job;
    });
  }

  /** Makes a job and waits for its end. */
  async run(tenant: string, body: JobBody = {}): Promise<Job> {
    return this.ended(tenant, (await this.create(tenant, body)).batchJobId);
  }

  read(tenant: string, file: { readonly digest: string } | null): Promise<Buffer> {
    if (file === null) throw new Error('there is no file');
    return this.objects.getBytes(tenantId(tenant), file.digest as Digest);
  }

  /** Lines of a CSV file without quotes: header and rows. */
  async lines(tenant: string, file: { readonly digest: string } | null): Promise<readonly string[]> {
    return (await this.read(tenant, file)).toString('utf8').trimEnd().split('\n');
  }
}

const FLIGHT_COLUMNS: DatasetVersion['columns'] = [
  { name: 'month', type: 'integer', nullCount: 0 },
  { name: 'hour', type: 'integer', nullCount: 0 },
  { name: 'distance', type: 'number', nullCount: 0 },
  { name: 'origin', type: 'string', nullCount: 0 },
];

/** A row of the logistic model's dataset, cells as texts. */
export type Flight = readonly [month: string, hour: string, distance: string, origin: string];

const HEADER = 'month,hour,distance,origin';

/** Rows that differ from each other, some with a distance missing. */
export function someFlights(rows: number): readonly Flight[] {
  return Array.from({ length: rows }, (_, row) => [
    String(1 + (row % 12)),
    String(5 + (row % 19)),
    row % 17 === 3 ? '' : String(80 + row * 3.7 + 0.1),
    ['EWR', 'JFK', 'LGA'][row % 3]!,
  ]);
}

export function csvOf(flights: readonly Flight[]): Buffer {
  return Buffer.from(`${[HEADER, ...flights.map((flight) => flight.join(','))].join('\n')}\n`);
}

/** What real-time prediction answers to each row sent alone as JSON: the lines that the job must write. */
export async function realtimeLines(
  flights: readonly Flight[],
  parts: ModelParts = { way: 'whole', file: fixture('logistic.onnx') },
): Promise<readonly string[]> {
  const host = new ModelHost();
  const model = await host.load(parts);
  try {
    return flights.map(([month, hour, distance, origin], row) => {
      const tensor = (name: string, datatype: string, value: unknown): object => ({
        name,
        datatype,
        shape: [1, 1],
        data: [value],
      });
      const number = (text: string): number | null => (text === '' ? null : (JSON.parse(text) as number));
      const body = {
        inputs: [
          tensor('month', 'FP32', number(month)),
          tensor('hour', 'FP32', number(hour)),
          tensor('distance', 'FP32', number(distance)),
          tensor('origin', 'BYTES', origin),
        ],
      };
      const { label, probability } = model.runSync(parseInferRequest(body, model.signature).inputs);
      return `${row},${String(label!.data[0])},${String(probability!.data[0])}`;
    });
  } finally {
    host.dispose();
  }
}
