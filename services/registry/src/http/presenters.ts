import type { RouteResponse, registryRoutes } from '@myriad/contracts';
import type { PresignedUrl } from '@myriad/storage';
import type { Application } from '../domain/application.js';
import type { Dataset, DatasetVersion } from '../domain/dataset.js';
import type { Grant } from '../domain/grant.js';
import type { ModelCounts } from '../application/ports.js';
import type { Alias, AliasMove, Model, ModelVersion } from '../domain/model.js';

type Routes = typeof registryRoutes;

export function presentUrl(presigned: PresignedUrl): RouteResponse<Routes['createDatasetUpload']> {
  return { ...presigned, headers: { ...presigned.headers } };
}

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
  return {
    ...model,
    aliases: { ...model.aliases },
    tags: { ...model.tags },
    createdAt: model.createdAt.toISOString(),
    updatedAt: model.updatedAt.toISOString(),
    deletedAt: model.deletedAt?.toISOString() ?? null,
  };
}

export function presentModelVersion(version: ModelVersion): RouteResponse<Routes['getModelVersion']> {
  const {
    modelName,
    version: number,
    versionId,
    application,
    description,
    tags,
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
    description,
    tags: { ...tags },
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

export function presentAlias(alias: Alias): RouteResponse<Routes['moveAlias']> {
  return { ...presentAliasMove(alias), version: alias.version };
}

type ShownMove = RouteResponse<Routes['listAliasHistory']>['items'][number];

export function presentAliasMove({ modelName, alias, version, movedBy, movedAt, reason }: AliasMove): ShownMove {
  return { modelName, alias, version, movedBy, reason, movedAt: movedAt.toISOString() };
}

export function presentCounts({
  total,
  byApplication,
  byAlias,
  byStatus,
}: ModelCounts): RouteResponse<Routes['countModels']> {
  return { total, byApplication: [...byApplication], byAlias: [...byAlias], byStatus: [...byStatus] };
}
