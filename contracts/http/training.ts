import { z } from 'zod';
import { fields } from '../define-event.js';
import { type HttpContract, defineRoute, pageOf, pageQuery } from '../define-route.js';
import {
  jobStatus,
  parameters,
  source,
  entryPoint,
  limitsSchema,
  recipeSchema,
  jobSchema,
  fleetRunSchema,
  byJob,
  byFleetRun,
  streamed,
} from './training-schemas.js';
import { mlflowRoutes } from './mlflow-tracking.js';
import { runRoutes } from './training-runs.js';
import { operationsRoutes } from './operations.js';

const recipeRoutes = {
  createRecipe: defineRoute({
    operationId: 'createRecipe',
    method: 'POST',
    path: '/v1/recipes',
    summary: 'Add a recipe, or its next version when the source differs',
    permission: 'recipes:write',
    scope: 'platform',
    status: 201,
    body: z.strictObject({
      name: fields.name,
      source,
      entryPoint,
      parameterSchema: z.record(z.string(), z.unknown()).default({ type: 'object' }),
    }),
    response: recipeSchema,
    problems: ['training.parameter_schema_invalid'],
  }),
  listRecipes: defineRoute({
    operationId: 'listRecipes',
    method: 'GET',
    path: '/v1/recipes',
    summary: 'Every recipe, newest version each',
    permission: 'recipes:read',
    query: pageQuery,
    response: pageOf(recipeSchema),
  }),
  getRecipe: defineRoute({
    operationId: 'getRecipe',
    method: 'GET',
    path: '/v1/recipes/:name',
    summary: 'The newest version of a recipe',
    permission: 'recipes:read',
    params: z.object({ name: fields.name }),
    response: recipeSchema,
    problems: ['training.recipe_not_found'],
  }),
} as const;

const jobRoutes = {
  createJob: defineRoute({
    operationId: 'createJob',
    method: 'POST',
    path: '/v1/jobs',
    summary: 'Train one model of the acting tenant, by a recipe or by a source of your own',
    permission: 'jobs:write',
    status: 202,
    body: z.strictObject({
      recipe: fields.name.optional(),
      source: source.optional().describe('Python source; give this or `recipe`'),
      entryPoint,
      modelName: fields.name,
      application: fields.name.optional(),
      experiment: fields.name.optional(),
      datasets: z
        .array(z.strictObject({ name: fields.name, version: z.int().positive().optional() }))
        .min(1)
        .max(20),
      parameters: parameters.default({}),
      limits: limitsSchema.optional(),
    }),
    response: jobSchema,
    problems: [
      'training.recipe_not_found',
      'training.dataset_not_found',
      'training.parameters_invalid',
      'training.grant_missing',
    ],
  }),
  listJobs: defineRoute({
    operationId: 'listJobs',
    method: 'GET',
    path: '/v1/jobs',
    summary: 'Jobs of the acting tenant, newest first',
    permission: 'jobs:read',
    query: pageQuery.extend({ status: jobStatus.optional() }),
    response: pageOf(jobSchema),
  }),
  getJob: defineRoute({
    operationId: 'getJob',
    method: 'GET',
    path: '/v1/jobs/:jobId',
    summary: 'One job',
    permission: 'jobs:read',
    params: byJob,
    response: jobSchema,
    problems: ['training.job_not_found'],
  }),
  cancelJob: defineRoute({
    operationId: 'cancelJob',
    method: 'POST',
    path: '/v1/jobs/:jobId/cancel',
    summary: 'Stop a job; what is done stays done',
    permission: 'jobs:write',
    params: byJob,
    response: jobSchema,
    problems: ['training.job_not_found'],
  }),
  getJobLogs: defineRoute({
    operationId: 'getJobLogs',
    method: 'GET',
    path: '/v1/jobs/:jobId/logs',
    summary: 'Log lines in order',
    permission: 'jobs:read',
    params: byJob,
    query: pageQuery,
    response: pageOf(
      z.object({
        sequence: z.int(),
        at: fields.time,
        level: z.string(),
        taskId: z.string().nullable(),
        message: z.string(),
      }),
    ),
  }),
  watchJob: defineRoute({
    operationId: 'watchJob',
    method: 'GET',
    path: '/v1/jobs/:jobId/events',
    summary: 'Logs, metrics and status as they come',
    permission: 'jobs:read',
    params: byJob,
    response: streamed,
    responseType: 'text/event-stream',
  }),
} as const;

const fleetRunRoutes = {
  createFleetRun: defineRoute({
    operationId: 'createFleetRun',
    method: 'POST',
    path: '/v1/fleet-runs',
    summary: 'Train an application for many tenants, packed into few jobs',
    permission: 'fleet-runs:write',
    scope: 'platform',
    status: 202,
    body: z.strictObject({
      application: fields.name,
      datasetName: fields.name.describe('the dataset of this name in each tenant'),
      tenants: z.array(fields.tenantId).min(1).max(100_000),
      recipe: fields.name.optional().describe("default the application's"),
      recipeVersion: z.int().positive().optional(),
      parameters: parameters.default({}),
      tenantsPerJob: z.int().min(1).max(1000).default(50),
      limits: limitsSchema.optional(),
    }),
    response: fleetRunSchema,
    problems: ['training.application_not_found', 'training.recipe_not_found', 'training.parameters_invalid'],
  }),
  listFleetRuns: defineRoute({
    operationId: 'listFleetRuns',
    method: 'GET',
    path: '/v1/fleet-runs',
    summary: 'Fleet runs, newest first',
    permission: 'fleet-runs:read',
    scope: 'platform',
    query: pageQuery,
    response: pageOf(fleetRunSchema.omit({ members: true })),
  }),
  getFleetRun: defineRoute({
    operationId: 'getFleetRun',
    method: 'GET',
    path: '/v1/fleet-runs/:fleetRunId',
    summary: "One fleet run with each tenant's outcome",
    permission: 'fleet-runs:read',
    scope: 'platform',
    params: byFleetRun,
    response: fleetRunSchema,
    problems: ['training.fleet_run_not_found'],
  }),
  cancelFleetRun: defineRoute({
    operationId: 'cancelFleetRun',
    method: 'POST',
    path: '/v1/fleet-runs/:fleetRunId/cancel',
    summary: 'Stop what has not ended',
    permission: 'fleet-runs:write',
    scope: 'platform',
    params: byFleetRun,
    response: fleetRunSchema,
  }),
  watchFleetRun: defineRoute({
    operationId: 'watchFleetRun',
    method: 'GET',
    path: '/v1/fleet-runs/:fleetRunId/events',
    summary: 'Outcomes and counts as they come',
    permission: 'fleet-runs:read',
    scope: 'platform',
    params: byFleetRun,
    response: streamed,
    responseType: 'text/event-stream',
  }),
} as const;

export const trainingRoutes = { ...recipeRoutes, ...jobRoutes, ...fleetRunRoutes, ...runRoutes } as const;

export const trainingHttp: HttpContract = {
  service: 'training',
  title: 'Training',
  description: 'Recipes, jobs, fleet runs, experiments and runs, with live logs and metrics.',
  routes: { ...trainingRoutes, ...mlflowRoutes, ...operationsRoutes('training') },
};
