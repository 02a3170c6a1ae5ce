import type { HttpContract } from '../define-route.js';
import { bulkRoutes } from './registry-bulk.js';
import { datasetRoutes, grantRoutes } from './registry-datasets.js';
import { modelChangeRoutes } from './registry-model-changes.js';
import { modelSearchRoutes } from './registry-model-search.js';
import { applicationRoutes, modelRoutes } from './registry-models.js';
import { operationsRoutes } from './operations.js';

export const registryRoutes = {
  ...datasetRoutes,
  ...grantRoutes,
  ...applicationRoutes,
  ...modelRoutes,
  ...modelSearchRoutes,
  ...modelChangeRoutes,
  ...bulkRoutes,
} as const;

export const registryHttp: HttpContract = {
  service: 'registry',
  title: 'Registry',
  description: 'Datasets and the right to use them; applications; models, versions, aliases and their lineage.',
  routes: { ...registryRoutes, ...operationsRoutes('registry') },
};
