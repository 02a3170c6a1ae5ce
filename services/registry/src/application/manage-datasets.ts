import { datasetVersionCommittedV1 } from '@myriad/contracts';
import { type Clock, type Digest, type Page, type PageRequest, type RequestContext, newId } from '@myriad/kernel';
import { type Tx, UnitOfWork } from '@myriad/persistence';
import type { ObjectStore, PresignedUrl } from '@myriad/storage';
import { Inject, Injectable } from '@nestjs/common';
import type { Readable } from 'node:stream';
import type { Classification, Dataset, DatasetVersion, FileFacts, FileFormat } from '../domain/dataset.js';
import { registryProblem } from '../domain/registry-problem.js';
import { CLOCK, DATASET_STORE, type DatasetStore, FILE_INSPECTOR, type FileInspector, OBJECT_STORE } from './ports.js';
import { Uploads } from './uploads.js';

const UPLOAD_SECONDS = 3600;
const DOWNLOAD_SECONDS = 900;

/** Datasets and their immutable versions. */
@Injectable()
export class ManageDatasets {
  constructor(
    private readonly work: UnitOfWork,
    @Inject(DATASET_STORE) private readonly datasets: DatasetStore,
    @Inject(FILE_INSPECTOR) private readonly inspector: FileInspector,
    @Inject(OBJECT_STORE) private readonly objects: ObjectStore,
    private readonly uploads: Uploads,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws {ProblemError} `registry.dataset_exists`. */
  async create(
    ctx: RequestContext,
    spec: { readonly name: string; readonly description: string; readonly classification: Classification },
  ): Promise<Dataset> {
    const dataset: Dataset = {
      ...spec,
      datasetId: newId('dst', this.clock),
      latestVersion: null,
      createdBy: ctx.principal.id,
      createdAt: new Date(this.clock.nowMs()),
    };
    const isNew = await this.work.run(ctx, (tx) => this.datasets.insert(tx, dataset));
    if (!isNew)
      throw registryProblem('conflict', 'dataset_exists', `${ctx.tenantId} has a dataset '${spec.name}' already`);
    return dataset;
  }

  list(ctx: RequestContext, page: PageRequest): Promise<Page<Dataset>> {
    return this.work.run(ctx, (tx) => this.datasets.list(tx, page));
  }

  get(ctx: RequestContext, name: string): Promise<Dataset> {
    return this.work.run(ctx, (tx) => this.found(tx, name));
  }

  listVersions(ctx: RequestContext, name: string, page: PageRequest): Promise<Page<DatasetVersion>> {
    return this.work.run(ctx, async (tx) => {
      await this.found(tx, name);
      return this.datasets.listVersions(tx, name, page);
    });
  }

  /** @throws {ProblemError} `registry.dataset_version_not_found`. */
  async getVersion(ctx: RequestContext, name: string, version: number): Promise<DatasetVersion> {
    const found = await this.work.run(ctx, (tx) => this.datasets.findVersion(tx, name, version));
    if (!found)
      throw registryProblem(
        'not-found',
        'dataset_version_not_found',
        `${ctx.tenantId} has no version ${version} of dataset '${name}'`,
      );
    return found;
  }

  async presignUpload(
    ctx: RequestContext,
    name: string,
    file: { readonly digest: Digest; readonly sizeBytes: number },
  ): Promise<PresignedUrl> {
    await this.get(ctx, name);
    return this.objects.presignUpload(ctx.tenantId, file.digest, file.sizeBytes, UPLOAD_SECONDS);
  }

  async presignDownload(ctx: RequestContext, name: string, version: number): Promise<PresignedUrl> {
    const { digest } = await this.getVersion(ctx, name, version);
    return this.objects.presignDownload(ctx.tenantId, digest, DOWNLOAD_SECONDS);
  }

  /** Stores the bytes and commits them. */
  async putContent(ctx: RequestContext, name: string, bytes: Readable, format: FileFormat): Promise<DatasetVersion> {
    await this.get(ctx, name).catch((error: unknown) => {
      bytes.destroy();
      throw error;
    });
    const { digest } = await this.objects.put(ctx.tenantId, bytes);
    return this.commit(ctx, name, { digest, format });
  }

  /** Checks an uploaded file and makes it the next version; bytes that are a version already give that version. @throws {ProblemError} what the inspector throws. */
  async commit(
    ctx: RequestContext,
    name: string,
    file: { readonly digest: Digest; readonly format: FileFormat },
  ): Promise<DatasetVersion> {
    const known = await this.work.run(ctx, async (tx) => {
      await this.found(tx, name);
      return this.datasets.findVersionByDigest(tx, name, file.digest);
    });
    if (known) return known;
    const { sizeBytes } = await this.uploads.confirm(ctx, file.digest);
    const facts = await this.objects.withLocalFile(ctx.tenantId, file.digest, (path) =>
      this.inspector.inspect(path, file.format),
    );
    return this.work.run(ctx, (tx) => this.insertNext(tx, ctx, name, { ...file, ...facts, sizeBytes }));
  }

  private async insertNext(
    tx: Tx,
    ctx: RequestContext,
    name: string,
    file: FileFacts & { readonly digest: Digest; readonly format: FileFormat; readonly sizeBytes: number },
  ): Promise<DatasetVersion> {
    const dataset = await this.datasets.lock(tx, name);
    if (!dataset) throw notFound(ctx, name);
    const known = await this.datasets.findVersionByDigest(tx, name, file.digest);
    if (known) return known;
    await this.uploads.keep(tx, [file.digest]);
    const version: DatasetVersion = {
      ...file,
      datasetName: name,
      version: (dataset.latestVersion ?? 0) + 1,
      committedBy: ctx.principal.id,
      committedAt: new Date(this.clock.nowMs()),
    };
    await this.datasets.insertVersion(tx, version);
    await tx.emit(datasetVersionCommittedV1, {
      tenantId: ctx.tenantId,
      datasetId: dataset.datasetId,
      datasetName: name,
      version: version.version,
      digest: version.digest,
      sizeBytes: version.sizeBytes,
      format: version.format,
      rowCount: version.rowCount,
      columns: version.columns.map(({ name: column, type, nullCount }) => ({ name: column, type, nullCount })),
      classification: dataset.classification,
      committedBy: version.committedBy,
    });
    return version;
  }

  private async found(tx: Tx, name: string): Promise<Dataset> {
    const dataset = await this.datasets.find(tx, name);
    if (!dataset) throw registryProblem('not-found', 'dataset_not_found', `there is no dataset '${name}' here`);
    return dataset;
  }
}

function notFound(ctx: RequestContext, name: string): Error {
  return registryProblem('not-found', 'dataset_not_found', `${ctx.tenantId} has no dataset '${name}'`);
}
