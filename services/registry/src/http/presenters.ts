import type { RouteResponse, registryRoutes } from '@myriad/contracts';
import type { Application } from '../domain/application.js';
import type { Dataset, DatasetVersion } from '../domain/dataset.js';
import type { Grant } from '../domain/grant.js';
import type { AliasMove, Model, ModelVersion } from '../domain/model.js';

type Routes = typeof registryRoutes;

export function presentDataset(dataset: Dataset): RouteResponse<Routes['getDataset']> {
  return { ...dataset, createdAt: dataset.createdAt.toISOString() };
}

export function presentDatasetVersion(version: DatasetVersion): RouteResponse<Routes['getDatasetVersion']> {
  return {
    ...version,
    columns: version.columns.map((column) => ({ ...column })),
    committedAt: version.committedAt.toISOString(),
  };
}

export function presentGrant(grant: Grant): RouteResponse<Routes['getGrant']> {
  const { grantId, datasetName, principalId, purpose, justification, status, evidenceDigest, requestedBy, decidedBy } =
    grant;
  return {
    grantId,
    datasetName,
    principalId,
    purpose,
    justification,
    status,
    evidenceDigest,
    requestedBy,
    decidedBy,
    requestedAt: grant.requestedAt.toISOString(),
    expiresAt: grant.expiresAt.toISOString(),
  };
}

export function presentApplication(application: Application): RouteResponse<Routes['getApplication']> {
  return {
    ...application,
    features: application.features.map((feature) => ({ ...feature })),
    createdAt: application.createdAt.toISOString(),
  };
}

export function presentModel(model: Model): RouteResponse<Routes['getModel']> {
  return { ...model, aliases: { ...model.aliases }, createdAt: model.createdAt.toISOString() };
}

export function presentModelVersion(version: ModelVersion): RouteResponse<Routes['getModelVersion']> {
  const {
    modelName,
    version: number,
    versionId,
    application,
    artifactDigest,
    sizeBytes,
    signature,
    family,
    sizeClass,
    profile,
    serving,
    lineage,
    registeredBy,
  } = version;
  const { status, reasons, checkedAt, parity } = version;
  return {
    modelName,
    version: number,
    versionId,
    application,
    artifactDigest,
    sizeBytes,
    admission: {
      status,
      reasons: reasons.map((reason) => ({ ...reason })),
      checkedAt: checkedAt?.toISOString() ?? null,
      parity: parity && { ...parity },
    },
    signature,
    family,
    sizeClass,
    profile,
    serving,
    lineage,
    registeredBy,
    registeredAt: version.registeredAt.toISOString(),
  };
}

export function presentAlias(move: AliasMove): RouteResponse<Routes['moveAlias']> {
  const { modelName, alias, version, movedBy, reason } = move;
  return { modelName, alias, version, movedBy, reason, movedAt: move.movedAt.toISOString() };
}
