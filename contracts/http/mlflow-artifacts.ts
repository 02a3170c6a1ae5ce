import { z } from 'zod';
import { defineRoute } from '../define-route.js';
import { MLFLOW, byRun, dialect, done, files, ofRun, read, write } from './mlflow-schemas.js';

const ARTIFACTS = '/api/2.0/mlflow-artifacts/artifacts';
const byPath = z.object({ '*': z.string().min(1).max(1024) });

/** MLflow's calls for artifacts. */
export const mlflowArtifactRoutes = {
  mlflowListRunArtifacts: defineRoute({
    operationId: 'mlflowListRunArtifacts',
    method: 'GET',
    path: `${MLFLOW}/artifacts/list`,
    summary: 'MLflow: one level of the artifacts of a run',
    permission: read,
    dialect,
    query: byRun.extend({ path: z.string().max(1024).default('') }),
    response: z.object({ root_uri: z.string(), files }),
    problems: [...ofRun, 'training.artifact_path_invalid'],
  }),
  mlflowListArtifacts: defineRoute({
    operationId: 'mlflowListArtifacts',
    method: 'GET',
    path: ARTIFACTS,
    summary: 'MLflow: one level below a path of `mlflow-artifacts:/`',
    permission: read,
    dialect,
    query: z.object({ path: z.string().max(1024).default('') }),
    response: z.object({ files }),
    problems: ['training.artifact_path_invalid'],
  }),
  mlflowDownloadArtifact: defineRoute({
    operationId: 'mlflowDownloadArtifact',
    method: 'GET',
    path: `${ARTIFACTS}/*`,
    summary: 'MLflow: the bytes of an artifact',
    permission: read,
    dialect,
    params: byPath,
    response: z.string().describe('the bytes'),
    responseType: 'application/octet-stream',
    problems: ['training.artifact_not_found', 'training.artifact_path_invalid'],
  }),
  mlflowUploadArtifact: defineRoute({
    operationId: 'mlflowUploadArtifact',
    method: 'PUT',
    path: `${ARTIFACTS}/*`,
    summary: 'MLflow: keep an artifact; the newest of a path counts',
    permission: write,
    dialect,
    params: byPath,
    streamedBody: ['*/*'],
    maxBodyBytes: 5_368_709_120,
    response: done,
    problems: ['training.artifact_path_invalid'],
  }),
  mlflowDeleteArtifact: defineRoute({
    operationId: 'mlflowDeleteArtifact',
    method: 'DELETE',
    path: `${ARTIFACTS}/*`,
    summary: 'MLflow: forget an artifact, or all below a path',
    permission: write,
    dialect,
    params: byPath,
    response: done,
    problems: ['training.artifact_not_found', 'training.artifact_path_invalid'],
  }),
} as const;
