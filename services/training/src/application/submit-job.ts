import { jobChangedV1 } from '@myriad/contracts';
import { GrantView } from '@myriad/grants';
import { type Clock, type Owned, PLATFORM_TENANT, type RequestContext, newId } from '@myriad/kernel';
import { type Tx, UnitOfWork } from '@myriad/persistence';
import type { ObjectStore } from '@myriad/storage';
import { Inject, Injectable } from '@nestjs/common';
import type { Job, Limits, Run, RunInput } from '../domain/job.js';
import { trainingProblem } from '../domain/training-problem.js';
import { ManageRecipes } from './manage-recipes.js';
import {
  type ApplicationView,
  CLOCK,
  EXPERIMENT_STORE,
  type ExperimentStore,
  JOB_STORE,
  type JobStore,
  OBJECT_STORE,
  PARAMETER_CHECK,
  type ParameterCheck,
  RUN_STORE,
  type RunStore,
  VIEW_STORE,
  type ViewStore,
} from './ports.js';

export interface JobOrder {
  readonly recipe: string | undefined;
  readonly source: string | undefined;
  readonly entryPoint: string;
  readonly modelName: string;
  readonly application: string | undefined;
  readonly experiment: string | undefined;
  readonly datasets: readonly { readonly name: string; readonly version?: number | undefined }[];
  readonly parameters: Record<string, unknown>;
  readonly limits: Limits;
}

/** Queues the training of one model of the acting tenant. */
@Injectable()
export class SubmitJob {
  constructor(
    private readonly work: UnitOfWork,
    private readonly recipes: ManageRecipes,
    private readonly grants: GrantView,
    @Inject(JOB_STORE) private readonly jobs: JobStore,
    @Inject(RUN_STORE) private readonly runs: RunStore,
    @Inject(VIEW_STORE) private readonly views: ViewStore,
    @Inject(EXPERIMENT_STORE) private readonly experiments: ExperimentStore,
    @Inject(PARAMETER_CHECK) private readonly check: ParameterCheck,
    @Inject(OBJECT_STORE) private readonly objects: ObjectStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws {ProblemError} `training.recipe_not_found`, `training.source_missing`, `training.dataset_not_found`, `training.parameters_invalid`, `training.grant_missing`. */
  async execute(
    ctx: RequestContext,
    order: JobOrder,
  ): Promise<{ readonly job: Owned<Job>; readonly runs: readonly Run[] }> {
    const source = await this.sourceOf(ctx, order);
    const application = order.application === undefined ? undefined : await this.applicationOf(order.application);
    const now = new Date(this.clock.nowMs());
    return this.work.run(ctx, async (tx) => {
      const inputs = await this.inputsOf(tx, ctx, order.datasets);
      if (order.experiment !== undefined && !(await this.experiments.exists(tx, order.experiment)))
        throw trainingProblem(
          'not-found',
          'experiment_not_found',
          `${ctx.tenantId} has no experiment '${order.experiment}'`,
        );
      const job: Owned<Job> = {
        ...newJob({
          source,
          parameters: order.parameters,
          limits: order.limits,
          fleetRunId: null,
          createdBy: ctx.principal.id,
          now,
          clock: this.clock,
        }),
        features: application?.features ?? [],
        label: application?.label ?? '',
        tenantId: ctx.tenantId,
      };
      const run = newRun({
        tenantId: ctx.tenantId,
        job,
        modelName: order.modelName,
        application: order.application ?? null,
        experiment: order.experiment ?? null,
        inputs,
        now,
        clock: this.clock,
      });
      await this.jobs.insert(tx, job);
      await this.runs.insert(tx, [run]);
      await announceJob(tx, job, null);
      return { job, runs: [run] };
    });
  }

  private async sourceOf(ctx: RequestContext, order: JobOrder): Promise<Job['source']> {
    if ((order.recipe === undefined) === (order.source === undefined))
      throw trainingProblem('invalid', 'source_missing', "give 'recipe' or 'source', one of them", {
        errors: [{ pointer: '/source', detail: order.source === undefined ? 'neither was sent' : 'both were sent' }],
      });
    if (order.recipe !== undefined) {
      const recipe = await this.recipes.get(order.recipe);
      this.check.assertValid(recipe.parameterSchema, order.parameters);
      return { tenantId: PLATFORM_TENANT, digest: recipe.sourceDigest, entryPoint: recipe.entryPoint };
    }
    const { digest } = await this.objects.put(ctx.tenantId, Buffer.from(order.source ?? ''));
    return { tenantId: ctx.tenantId, digest, entryPoint: order.entryPoint };
  }

  private async applicationOf(name: string): Promise<ApplicationView> {
    const application = await this.work.runAcrossTenants('training: applications are shown to every tenant', (tx) =>
      this.views.findApplication(tx, name),
    );
    if (!application) throw trainingProblem('not-found', 'application_not_found', `there is no application '${name}'`);
    return application;
  }

  private async inputsOf(tx: Tx, ctx: RequestContext, datasets: JobOrder['datasets']): Promise<readonly RunInput[]> {
    const inputs: RunInput[] = [];
    for (const [at, { name, version }] of datasets.entries()) {
      const found = await this.views.findDataset(tx, ctx.tenantId, name, version);
      if (!found)
        throw trainingProblem(
          'not-found',
          'dataset_not_found',
          `${ctx.tenantId} has no dataset '${name}'${version === undefined ? '' : ` version ${version}`}`,
          { errors: [{ pointer: `/datasets/${at}`, detail: `'${name}' is not known` }] },
        );
      const mayUse = await this.grants.mayUse(tx, ctx, {
        tenantId: ctx.tenantId,
        datasetName: name,
        purpose: 'training',
        now: new Date(this.clock.nowMs()),
      });
      if (!mayUse)
        throw trainingProblem(
          'forbidden',
          'grant_missing',
          `${ctx.principal.id} has no active grant to train on '${name}' of ${ctx.tenantId}; request one`,
        );
      inputs.push(found);
    }
    return inputs;
  }
}

export function newJob(spec: {
  readonly source: Job['source'];
  readonly parameters: Record<string, unknown>;
  readonly limits: Limits;
  readonly fleetRunId: string | null;
  readonly createdBy: string;
  readonly now: Date;
  readonly clock: Clock;
}): Job {
  const { source, parameters, limits, fleetRunId, createdBy, now, clock } = spec;
  return {
    jobId: newId('job', clock),
    fleetRunId,
    status: 'queued',
    reason: '',
    attempt: 0,
    limits,
    source,
    parameters,
    features: [],
    label: '',
    isCancelRequested: false,
    createdBy,
    createdAt: now,
    startedAt: null,
    endedAt: null,
  };
}

export function newRun(spec: {
  readonly tenantId: string;
  readonly job: Job;
  readonly modelName: string;
  readonly application: string | null;
  readonly experiment: string | null;
  readonly inputs: readonly RunInput[];
  readonly now: Date;
  readonly clock: Clock;
}): Run {
  const { tenantId, job, modelName, application, experiment, inputs, now, clock } = spec;
  return {
    runId: newId('run', clock),
    tenantId,
    jobId: job.jobId,
    fleetRunId: job.fleetRunId,
    experiment,
    application,
    modelName,
    status: 'queued',
    reason: '',
    parameters: job.parameters,
    inputs,
    metrics: {},
    artifactDigest: null,
    parityDigest: null,
    durationMs: null,
    createdAt: now,
    startedAt: null,
    endedAt: null,
  };
}

/** Says how a job stands. */
export async function announceJob(tx: Tx, job: Owned<Job>, cpuMillis: number | null): Promise<void> {
  const { tenantId, jobId, fleetRunId, status, attempt, reason } = job;
  await tx.emit(jobChangedV1, { tenantId, jobId, fleetRunId, status, attempt, reason, cpuMillis }, { tenantId });
}
