import { z } from 'zod';
import { defineRoute } from '../define-route.js';
import { mlflowArtifactRoutes } from './mlflow-artifacts.js';
import { mlflowExperimentRoutes } from './mlflow-experiments.js';
import { mlflowModelRoutes } from './mlflow-models.js';
import { mlflowLogRoutes, mlflowRunRoutes } from './mlflow-runs.js';
import { dialect } from './mlflow-schemas.js';

const workspace = z.object({ name: z.string() });

/** What MLflow's clients ask of a server before they ask for more. */
const mlflowServerRoutes = {
  mlflowServerInfo: defineRoute({
    operationId: 'mlflowServerInfo',
    method: 'GET',
    path: '/api/3.0/mlflow/server-info',
    summary: 'MLflow: what this server can do',
    permission: 'none',
    dialect,
    response: z.object({
      store_type: z.string(),
      artifact_serving_enabled: z.boolean(),
      workspaces_enabled: z.boolean(),
      trace_archival_enabled: z.boolean(),
      multipart_uploads_enabled: z.boolean(),
      multipart_downloads_enabled: z.boolean(),
    }),
  }),
  mlflowListWorkspaces: defineRoute({
    operationId: 'mlflowListWorkspaces',
    method: 'GET',
    path: '/api/3.0/mlflow/workspaces',
    summary: 'MLflow: the workspace of the caller: a tenant is one, and sees itself',
    permission: 'none',
    dialect,
    response: z.object({ workspaces: z.array(workspace) }),
  }),
  mlflowGetWorkspace: defineRoute({
    operationId: 'mlflowGetWorkspace',
    method: 'GET',
    path: '/api/3.0/mlflow/workspaces/:workspaceName',
    summary: 'MLflow: the workspace of the caller',
    permission: 'none',
    dialect,
    params: z.object({ workspaceName: z.string().min(1).max(128) }),
    response: z.object({ workspace }),
    problems: ['training.workspace_not_found'],
  }),
} as const;

/** The calls of MLflow's REST API that training serves, in MLflow's words. */
export const mlflowRoutes = {
  ...mlflowExperimentRoutes,
  ...mlflowRunRoutes,
  ...mlflowLogRoutes,
  ...mlflowArtifactRoutes,
  ...mlflowModelRoutes,
  ...mlflowServerRoutes,
} as const;
