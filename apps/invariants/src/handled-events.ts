import {
  type EventData,
  type EventDefinition,
  aliasMovedV1,
  applicationChangedV1,
  approvalDecidedV1,
  approvalRequestedV1,
  approvalVoidedV1,
  authObjectsNamedV1,
  batchObjectsNamedV1,
  batchUsageMeteredV1,
  datasetVersionCommittedV1,
  evaluatorObjectsNamedV1,
  fleetRunChangedV1,
  grantChangedV1,
  grantRequestedV1,
  modelStateChangedV1,
  objectsRemovedV1,
  objectsSuspectedV1,
  placementChangedV1,
  promotionApprovedV1,
  promotionCompletedV1,
  promotionRequestedV1,
  promotionSupersededV1,
  requestAuditedV1,
  rolloutChangedV1,
  runCompletedV1,
  tenantKeyRotationRequestedV1,
  tenantPurgedV1,
  tenantShreddedV1,
  trainingObjectsNamedV1,
  usageMeteredV1,
  versionAdmittedV1,
  versionRejectedV1,
  versionReviewRequestedV1,
} from '@myriad/contracts';
import type { DatabaseName } from './world.js';

/** An event type that a service handles, and which of its events leave a trace in the inbox. */
export interface Handled {
  readonly definition: EventDefinition;
  readonly concerns: (data: unknown) => boolean;
}

const every = (...definitions: readonly EventDefinition[]): readonly Handled[] =>
  definitions.map((definition) => ({ definition, concerns: () => true }));

function some<D extends EventDefinition>(definition: D, concerns: (data: EventData<D>) => boolean): Handled {
  return { definition, concerns: (data) => concerns(data as EventData<D>) };
}

const isPromotion = ({ kind }: { readonly kind: string }): boolean => kind === 'promotion' || kind === 'campaign';
const isOfRegistry = ({ kind }: { readonly kind: string }): boolean => kind === 'grant' || kind === 'version-review';

/** What each service handles with its inbox; a test holds it against the services' `@HandleEvent`s. */
export const HANDLED: Readonly<Record<DatabaseName, readonly Handled[]>> = {
  auth: every(
    grantRequestedV1,
    versionReviewRequestedV1,
    promotionRequestedV1,
    promotionSupersededV1,
    requestAuditedV1,
    aliasMovedV1,
    rolloutChangedV1,
    tenantShreddedV1,
    objectsSuspectedV1,
    objectsRemovedV1,
  ),
  registry: [
    some(runCompletedV1, ({ outcome, artifactDigest }) => outcome === 'succeeded' && artifactDigest !== null),
    some(approvalDecidedV1, isOfRegistry),
    some(approvalVoidedV1, isOfRegistry),
    ...every(
      promotionCompletedV1,
      tenantKeyRotationRequestedV1,
      tenantPurgedV1,
      authObjectsNamedV1,
      trainingObjectsNamedV1,
      evaluatorObjectsNamedV1,
      batchObjectsNamedV1,
    ),
  ],
  training: every(datasetVersionCommittedV1, grantChangedV1, applicationChangedV1, objectsSuspectedV1),
  evaluator: [
    ...every(
      versionAdmittedV1,
      versionRejectedV1,
      datasetVersionCommittedV1,
      applicationChangedV1,
      fleetRunChangedV1,
      objectsSuspectedV1,
    ),
    some(runCompletedV1, ({ fleetRunId }) => fleetRunId !== null),
    some(approvalRequestedV1, isPromotion),
    some(approvalDecidedV1, isPromotion),
    some(approvalVoidedV1, isPromotion),
    some(rolloutChangedV1, ({ promotionId }) => promotionId !== null),
  ],
  deployer: every(
    promotionApprovedV1,
    modelStateChangedV1,
    usageMeteredV1,
    batchUsageMeteredV1,
    runCompletedV1,
    tenantPurgedV1,
  ),
  batch: every(placementChangedV1, datasetVersionCommittedV1, grantChangedV1, objectsSuspectedV1),
};
