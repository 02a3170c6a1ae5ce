import { GrantView } from '@myriad/grants';
import { type Clock, type Owned, PLATFORM_TENANT, type RequestContext, newId } from '@myriad/kernel';
import { type Tx, UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { type FleetRun, type Job, type Limits, type Run, type RunInput, packed } from '../domain/job.js';
import type { Recipe } from '../domain/recipe.js';
import { trainingProblem } from '../domain/training-problem.js';
import { EndRun } from './end-run.js';
import { ManageRecipes } from './manage-recipes.js';
import { announceFleetRun, settleFleetRun } from './settle-fleet-run.js';
import {
  type ApplicationView,
  CLOCK,
  FLEET_RUN_STORE,
  type FleetRunStore,
  JOB_STORE,
  type JobStore,
  PARAMETER_CHECK,
  type ParameterCheck,
  RUN_STORE,
  type RunStore,
  VIEW_STORE,
  type ViewStore,
} from './ports.js';
import { announceJob, newJob, newRun } from './submit-job.js';

export interface FleetOrder {
  readonly application: string;
  readonly datasetName: string;
  readonly tenants: readonly string[];
  readonly recipe: string | undefined;
  readonly recipeVersion: number | undefined;
  readonly parameters: Record<string, unknown>;
  readonly tenantsPerJob: number;
  readonly limits: Limits;
}

interface Member {
  readonly tenantId: string;
  readonly input: RunInput | undefined;
  /** Why this tenant can't be trained; undefined when it can. */
  readonly refusal: string | undefined;
}

interface Plan {
  readonly fleetRun: FleetRun;
  readonly newFleetJob: () => Owned<Job>;
  readonly newMemberRun: (member: Member, job: Job) => Run;
}

/** Trains an application for many tenants, packed into few jobs; a tenant that can't be trained ends as failed, the others go on. */
@Injectable()
export class SubmitFleetRun {
  constructor(
    private readonly work: UnitOfWork,
    private readonly grants: GrantView,
    private readonly recipes: ManageRecipes,
    private readonly endRun: EndRun,
    @Inject(JOB_STORE) private readonly jobs: JobStore,
    @Inject(RUN_STORE) private readonly runs: RunStore,
    @Inject(FLEET_RUN_STORE) private readonly fleetRuns: FleetRunStore,
    @Inject(VIEW_STORE) private readonly views: ViewStore,
    @Inject(PARAMETER_CHECK) private readonly check: ParameterCheck,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws {ProblemError} `training.application_not_found`, `training.recipe_not_found`, `training.parameters_invalid`. */
  async execute(ctx: RequestContext, order: FleetOrder): Promise<string> {
    const application = await this.work.run(ctx, (tx) => this.views.findApplication(tx, order.application));
    if (!application)
      throw trainingProblem('not-found', 'application_not_found', `there is no application '${order.application}'`);
    const recipeName = order.recipe ?? application.recipe;
    if (recipeName === null)
      throw trainingProblem(
        'not-found',
        'recipe_not_found',
        `application '${order.application}' has no recipe; name one`,
      );
    const recipe = await this.recipes.get(recipeName, order.recipeVersion);
    this.check.assertValid(recipe.parameterSchema, order.parameters);
    const plan = this.planOf(ctx, order, recipe, application);
    return this.work.runAcrossTenants(
      `training: ${ctx.principal.id} trains a fleet of ${order.tenants.length} tenants`,
      async (tx) => {
        await this.insert(tx, ctx, order, plan);
        return plan.fleetRun.fleetRunId;
      },
      { partOf: ctx },
    );
  }

  private planOf(ctx: RequestContext, order: FleetOrder, recipe: Recipe, application: ApplicationView): Plan {
    const now = new Date(this.clock.nowMs());
    const { parameters, limits } = order;
    const createdBy = ctx.principal.id;
    const fleetRun: FleetRun = {
      fleetRunId: newId('flt', this.clock),
      application: order.application,
      datasetName: order.datasetName,
      recipe: recipe.name,
      recipeVersion: recipe.version,
      parameters,
      status: 'queued',
      createdBy,
      createdAt: now,
      endedAt: null,
    };
    const source = { tenantId: PLATFORM_TENANT, digest: recipe.sourceDigest, entryPoint: recipe.entryPoint };
    const { features, label } = application;
    const newFleetJob = (): Owned<Job> => ({
      ...newJob({ source, parameters, limits, fleetRunId: fleetRun.fleetRunId, createdBy, now, clock: this.clock }),
      features,
      label,
      tenantId: PLATFORM_TENANT,
    });
    const newMemberRun = ({ tenantId, input }: Member, job: Job): Run =>
      newRun({
        tenantId,
        job,
        modelName: order.application,
        application: order.application,
        experiment: null,
        inputs: input ? [input] : [],
        now,
        clock: this.clock,
      });
    return { fleetRun, newFleetJob, newMemberRun };
  }

  private async insert(tx: Tx, ctx: RequestContext, order: FleetOrder, plan: Plan): Promise<void> {
    const { fleetRun, newFleetJob, newMemberRun } = plan;
    const members: Member[] = [];
    for (const tenantId of new Set(order.tenants))
      members.push(await this.memberOf(tx, ctx, tenantId, order.datasetName));
    await this.fleetRuns.insert(tx, fleetRun);
    for (const group of packed(
      members.filter(({ refusal }) => refusal === undefined),
      order.tenantsPerJob,
    )) {
      const job = newFleetJob();
      await this.jobs.insert(tx, job);
      await this.runs.insert(
        tx,
        group.map((member) => newMemberRun(member, job)),
      );
      await announceJob(tx, job, null);
    }
    for (const member of members) {
      if (member.refusal === undefined) continue;
      const job = newFleetJob();
      const run: Run = { ...newMemberRun(member, job), jobId: null };
      await this.runs.insert(tx, [run]);
      await this.endRun.execute(tx, run, {
        outcome: 'failed',
        reason: member.refusal,
        recipeDigest: job.source.digest,
      });
    }
    const counts = await this.runs.countFleetRun(tx, fleetRun.fleetRunId);
    await announceFleetRun(tx, fleetRun, counts);
    await settleFleetRun(tx, fleetRun, counts, { fleetRuns: this.fleetRuns, now: fleetRun.createdAt });
  }

  private async memberOf(tx: Tx, ctx: RequestContext, tenantId: string, datasetName: string): Promise<Member> {
    const input = await this.views.findDataset(tx, tenantId, datasetName, undefined);
    if (!input) return { tenantId, input, refusal: `${tenantId} has no dataset '${datasetName}'` };
    const now = new Date(this.clock.nowMs());
    const mayUse = await this.grants.mayUse(tx, ctx, { tenantId, datasetName, purpose: 'training', now });
    return {
      tenantId,
      input,
      refusal: mayUse
        ? undefined
        : `${ctx.principal.id} has no active grant to train on '${datasetName}' of ${tenantId}`,
    };
  }
}
