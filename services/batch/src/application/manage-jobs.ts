import { GrantView } from '@myriad/grants';
import {
  type Clock,
  type Owned,
  type Page,
  type PageRequest,
  ProblemError,
  type RequestContext,
  newId,
} from '@myriad/kernel';
import { type Tx, UnitOfWork } from '@myriad/persistence';
import type { ObjectStore } from '@myriad/storage';
import { Inject, Injectable } from '@nestjs/common';
import { type BatchJob, CANCELLED, type PinnedModel, type StoredFile, batchJobLifecycle } from '../domain/batch-job.js';
import { batchProblem } from '../domain/batch-problem.js';
import { whyNotTabular } from '../domain/tabular.js';
import { announceJob } from './announce.js';
import {
  BATCH_JOB_STORE,
  type BatchJobStore,
  CLOCK,
  OBJECT_STORE,
  type Progress,
  VIEW_STORE,
  type ViewStore,
} from './ports.js';

const DOWNLOAD_SECONDS = 3600;

export interface JobOrder {
  readonly modelName: string;
  /** Default: where the caller acts; no other one may be named. */
  readonly environment: BatchJob['environment'] | undefined;
  readonly callerEnvironment: BatchJob['environment'];
  readonly dataset: { readonly name: string; readonly version: number | undefined };
  readonly outputFormat: 'csv' | 'parquet';
  readonly shardRows: number;
}

export interface JobView {
  readonly job: Owned<BatchJob>;
  readonly progress: Progress;
  readonly outputUrl: string;
  readonly errorsUrl: string;
}

/** Makes jobs, shows them, cancels them. */
@Injectable()
export class ManageJobs {
  constructor(
    private readonly work: UnitOfWork,
    private readonly grants: GrantView,
    @Inject(BATCH_JOB_STORE) private readonly jobs: BatchJobStore,
    @Inject(VIEW_STORE) private readonly views: ViewStore,
    @Inject(OBJECT_STORE) private readonly objects: ObjectStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws {ProblemError} `batch.model_not_placed`, `batch.model_not_tabular`, `batch.dataset_not_found`, `batch.columns_missing`, `batch.environment_mismatch`, `batch.grant_missing`. */
  async create(ctx: RequestContext, order: JobOrder): Promise<JobView> {
    const environment = environmentOf(order);
    const job = await this.work.run(ctx, async (tx) => {
      const model = await this.views.findPlacement(tx, environment, order.modelName);
      if (!model)
        throw batchProblem(
          'not-found',
          'model_not_placed',
          `${environment} serves no model '${order.modelName}' of ${ctx.tenantId}`,
        );
      checkTabular(model);
      const dataset = await this.pinnedDataset(tx, ctx, order, model);
      const created: BatchJob = {
        batchJobId: newId('bat', this.clock),
        environment,
        model,
        dataset,
        outputFormat: order.outputFormat,
        shardRows: order.shardRows,
        status: batchJobLifecycle.initial,
        reason: '',
        attempt: 0,
        tries: 0,
        isCancelRequested: false,
        shards: null,
        output: null,
        errors: null,
        createdBy: ctx.principal.id,
        createdAt: new Date(this.clock.nowMs()),
        endedAt: null,
      };
      await this.jobs.insert(tx, created);
      await announceJob(tx, { ...created, tenantId: ctx.tenantId }, { shardsDone: 0, rows: 0, rowErrors: 0 });
      return created;
    });
    return this.view(ctx, { ...job, tenantId: ctx.tenantId }, { shardsDone: 0, rows: 0, rowErrors: 0 });
  }

  async list(ctx: RequestContext, page: PageRequest): Promise<Page<JobView>> {
    const found = await this.work.run(ctx, async (tx) => {
      const jobs = await this.jobs.list(tx, page);
      const items: { job: Owned<BatchJob>; progress: Progress }[] = [];
      for (const job of jobs.items) items.push({ job, progress: await this.jobs.progress(tx, job.batchJobId) });
      return { items, nextPageToken: jobs.nextPageToken };
    });
    return {
      items: await Promise.all(found.items.map(({ job, progress }) => this.view(ctx, job, progress))),
      nextPageToken: found.nextPageToken,
    };
  }

  /** @throws {ProblemError} `batch.job_not_found`. */
  async get(ctx: RequestContext, batchJobId: string): Promise<JobView> {
    const { job, progress } = await this.work.run(ctx, async (tx) => ({
      job: await this.found(tx, ctx, batchJobId),
      progress: await this.jobs.progress(tx, batchJobId),
    }));
    return this.view(ctx, job, progress);
  }

  /** A queued job is cancelled now, a running one by its worker at the next shard or heartbeat; one that ended stays as it is. @throws {ProblemError} `batch.job_not_found`. */
  async cancel(ctx: RequestContext, batchJobId: string): Promise<JobView> {
    await this.work.run(ctx, async (tx) => {
      const job = await this.found(tx, ctx, batchJobId);
      if (job.status !== 'queued') return this.jobs.requestCancel(tx, batchJobId);
      const status = batchJobLifecycle.move(job.status, 'cancelled');
      const cancelled = { ...job, status, reason: CANCELLED, endedAt: new Date(this.clock.nowMs()) };
      await this.jobs.update(tx, cancelled);
      return announceJob(tx, cancelled, await this.jobs.progress(tx, batchJobId));
    });
    return this.get(ctx, batchJobId);
  }

  private async pinnedDataset(
    tx: Tx,
    ctx: RequestContext,
    order: JobOrder,
    model: PinnedModel,
  ): Promise<BatchJob['dataset']> {
    const { name, version } = order.dataset;
    const found = await this.views.findDataset(tx, name, version);
    if (!found)
      throw batchProblem(
        'not-found',
        'dataset_not_found',
        `${ctx.tenantId} has no dataset '${name}'${version === undefined ? '' : ` version ${version}`}`,
      );
    const now = new Date(this.clock.nowMs());
    if (!(await this.grants.mayUse(tx, ctx, { tenantId: ctx.tenantId, datasetName: name, purpose: 'batch', now })))
      throw batchProblem(
        'forbidden',
        'grant_missing',
        `${ctx.principal.id} has no active grant to have '${name}' of ${ctx.tenantId} scored; request one for the purpose 'batch'`,
      );
    const { columns, ...dataset } = found;
    const missing = model.signature.inputs.filter((input) => !columns.includes(input.name));
    if (missing.length > 0)
      throw batchProblem(
        'unprocessable',
        'columns_missing',
        `'${name}' version ${dataset.version} lacks ${missing.length} columns that '${model.modelName}' takes`,
        {
          errors: missing.map((input) => ({
            pointer: '/dataset',
            detail: `no column '${input.name}' (${input.datatype}); there are ${columns.slice(0, 20).join(', ')}`,
          })),
        },
      );
    return dataset;
  }

  private async found(tx: Tx, ctx: RequestContext, batchJobId: string): Promise<Owned<BatchJob>> {
    const job = await this.jobs.find(tx, batchJobId);
    if (!job) throw batchProblem('not-found', 'job_not_found', `${ctx.tenantId} has no batch job '${batchJobId}'`);
    return job;
  }

  private async view(ctx: RequestContext, job: Owned<BatchJob>, progress: Progress): Promise<JobView> {
    const outputUrl = await this.urlOf(ctx, job.output);
    return { job, progress, outputUrl, errorsUrl: await this.urlOf(ctx, job.errors) };
  }

  /** '' when there is no file, or the store gives no URLs. */
  private async urlOf(ctx: RequestContext, file: StoredFile | null): Promise<string> {
    if (file === null) return '';
    try {
      return (await this.objects.presignDownload(ctx.tenantId, file.digest, DOWNLOAD_SECONDS)).url;
    } catch (error) {
      if (error instanceof ProblemError && error.kind === 'unsupported') return '';
      throw error;
    }
  }
}

/** What a caller may do is said by the environment it acts in, so work is done there and nowhere else. */
function environmentOf({ environment, callerEnvironment }: JobOrder): BatchJob['environment'] {
  if (environment === undefined || environment === callerEnvironment) return callerEnvironment;
  const detail = `the body names '${environment}', the caller acts in '${callerEnvironment}' (X-Myriad-Environment); act there or leave it out`;
  throw batchProblem('forbidden', 'environment_mismatch', detail, { errors: [{ pointer: '/environment', detail }] });
}

function checkTabular({ modelName, version, signature }: PinnedModel): void {
  const reason = whyNotTabular(signature);
  if (reason === undefined) return;
  throw batchProblem(
    'unprocessable',
    'model_not_tabular',
    `'${modelName}' version ${version} can't score a table: ${reason}`,
  );
}
