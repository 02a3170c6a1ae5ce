import type { RouteResponse, trainingRoutes } from '@myriad/contracts';
import type { FleetRunView, JobView } from '../application/read-state.js';
import type { Run } from '../domain/job.js';
import type { Recipe } from '../domain/recipe.js';

type Routes = typeof trainingRoutes;

const time = (at: Date | null): string | null => at?.toISOString() ?? null;

export function presentRecipe(recipe: Recipe): RouteResponse<Routes['getRecipe']> {
  return { ...recipe, createdAt: recipe.createdAt.toISOString() };
}

export function presentRun(run: Run): RouteResponse<Routes['getRun']> {
  const {
    runId,
    tenantId,
    jobId,
    fleetRunId,
    experiment,
    modelName,
    status,
    reason,
    parameters,
    metrics,
    artifactDigest,
  } = run;
  return {
    runId,
    tenantId,
    jobId,
    fleetRunId,
    experiment,
    modelName,
    status,
    reason,
    parameters,
    metrics,
    artifactDigest,
    startedAt: time(run.startedAt),
    endedAt: time(run.endedAt),
  };
}

export function presentJob({ job, runs }: JobView): RouteResponse<Routes['getJob']> {
  const { jobId, fleetRunId, status, reason, attempt, limits, createdBy } = job;
  return {
    jobId,
    fleetRunId,
    status,
    reason,
    attempt,
    limits: { ...limits },
    runs: runs.map(({ runId, tenantId, modelName, status: runStatus }) => ({
      runId,
      tenantId,
      modelName: modelName ?? '',
      status: runStatus,
    })),
    createdBy,
    createdAt: job.createdAt.toISOString(),
    startedAt: time(job.startedAt),
    endedAt: time(job.endedAt),
  };
}

export function presentFleetRunHead({
  fleetRun,
  counts,
}: Omit<FleetRunView, 'runs'>): RouteResponse<Routes['listFleetRuns']>['items'][number] {
  const { fleetRunId, application, datasetName, recipe, recipeVersion, parameters, status, createdBy } = fleetRun;
  return {
    fleetRunId,
    application,
    datasetName,
    recipe,
    recipeVersion,
    parameters,
    status,
    counts: { ...counts },
    createdBy,
    createdAt: fleetRun.createdAt.toISOString(),
    endedAt: time(fleetRun.endedAt),
  };
}

export function presentFleetRun(view: FleetRunView): RouteResponse<Routes['getFleetRun']> {
  const members = view.runs.map(({ tenantId, runId, jobId, status, reason, metrics, durationMs }) => ({
    tenantId,
    runId,
    jobId,
    status,
    reason,
    metrics,
    durationMs,
  }));
  return { ...presentFleetRunHead(view), members };
}
