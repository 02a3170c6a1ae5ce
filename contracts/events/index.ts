import type { EventDefinition, TopicDefinition } from '../define-event.js';
import { approvalDecidedV1 } from './auth/approval-decided.v1.js';
import { approvalRequestedV1 } from './auth/approval-requested.v1.js';
import { approvalVoidedV1 } from './auth/approval-voided.v1.js';
import { keyChangedV1 } from './auth/key-changed.v1.js';
import { authObjectsNamedV1 } from './auth/objects-named.v1.js';
import { principalChangedV1 } from './auth/principal-changed.v1.js';
import { signingKeysChangedV1 } from './auth/signing-keys-changed.v1.js';
import { tenantChangedV1 } from './auth/tenant-changed.v1.js';
import { tenantKeyRotationRequestedV1 } from './auth/tenant-key-rotation-requested.v1.js';
import { tenantPurgedV1 } from './auth/tenant-purged.v1.js';
import { batchJobChangedV1 } from './batch/batch-job-changed.v1.js';
import { batchObjectsNamedV1 } from './batch/objects-named.v1.js';
import { batchUsageMeteredV1 } from './batch/usage-metered.v1.js';
import { costRecordedV1 } from './deployer/cost-recorded.v1.js';
import { placementChangedV1 } from './deployer/placement-changed.v1.js';
import { poolChangedV1 } from './deployer/pool-changed.v1.js';
import { rolloutChangedV1 } from './deployer/rollout-changed.v1.js';
import { campaignChangedV1 } from './evaluator/campaign-changed.v1.js';
import { evaluationCompletedV1 } from './evaluator/evaluation-completed.v1.js';
import { evaluatorObjectsNamedV1 } from './evaluator/objects-named.v1.js';
import { promotionApprovedV1 } from './evaluator/promotion-approved.v1.js';
import { promotionCompletedV1 } from './evaluator/promotion-completed.v1.js';
import { promotionRequestedV1 } from './evaluator/promotion-requested.v1.js';
import { promotionSupersededV1 } from './evaluator/promotion-superseded.v1.js';
import { suiteChangedV1 } from './evaluator/suite-changed.v1.js';
import { rateUsedV1 } from './gateway/rate-used.v1.js';
import { requestAuditedV1 } from './gateway/request-audited.v1.js';
import { modelStateChangedV1 } from './realtime/model-state-changed.v1.js';
import { predictionSampledV1 } from './realtime/prediction-sampled.v1.js';
import { usageMeteredV1 } from './realtime/usage-metered.v1.js';
import { aliasMovedV1 } from './registry/alias-moved.v1.js';
import { applicationChangedV1 } from './registry/application-changed.v1.js';
import { datasetVersionCommittedV1 } from './registry/dataset-version-committed.v1.js';
import { grantChangedV1 } from './registry/grant-changed.v1.js';
import { grantRequestedV1 } from './registry/grant-requested.v1.js';
import { objectsRemovedV1 } from './registry/objects-removed.v1.js';
import { objectsSuspectedV1 } from './registry/objects-suspected.v1.js';
import { tenantKeyRotatedV1 } from './registry/tenant-key-rotated.v1.js';
import { tenantShreddedV1 } from './registry/tenant-shredded.v1.js';
import { versionAdmittedV1 } from './registry/version-admitted.v1.js';
import { versionRegisteredV1 } from './registry/version-registered.v1.js';
import { versionRejectedV1 } from './registry/version-rejected.v1.js';
import { versionReviewRequestedV1 } from './registry/version-review-requested.v1.js';
import { fleetRunChangedV1 } from './training/fleet-run-changed.v1.js';
import { jobChangedV1 } from './training/job-changed.v1.js';
import { trainingObjectsNamedV1 } from './training/objects-named.v1.js';
import { recipeChangedV1 } from './training/recipe-changed.v1.js';
import { runCompletedV1 } from './training/run-completed.v1.js';

/** Every event of the mesh. */
export const events: readonly EventDefinition[] = [
  approvalDecidedV1,
  approvalRequestedV1,
  approvalVoidedV1,
  keyChangedV1,
  authObjectsNamedV1,
  principalChangedV1,
  signingKeysChangedV1,
  tenantChangedV1,
  tenantKeyRotationRequestedV1,
  tenantPurgedV1,
  batchJobChangedV1,
  batchObjectsNamedV1,
  batchUsageMeteredV1,
  costRecordedV1,
  placementChangedV1,
  poolChangedV1,
  rolloutChangedV1,
  campaignChangedV1,
  evaluationCompletedV1,
  evaluatorObjectsNamedV1,
  promotionApprovedV1,
  promotionCompletedV1,
  promotionRequestedV1,
  promotionSupersededV1,
  suiteChangedV1,
  rateUsedV1,
  requestAuditedV1,
  modelStateChangedV1,
  predictionSampledV1,
  usageMeteredV1,
  aliasMovedV1,
  applicationChangedV1,
  datasetVersionCommittedV1,
  grantChangedV1,
  grantRequestedV1,
  objectsRemovedV1,
  objectsSuspectedV1,
  tenantKeyRotatedV1,
  tenantShreddedV1,
  versionAdmittedV1,
  versionRegisteredV1,
  versionRejectedV1,
  versionReviewRequestedV1,
  fleetRunChangedV1,
  jobChangedV1,
  trainingObjectsNamedV1,
  recipeChangedV1,
  runCompletedV1,
];

/** By CloudEvents `type`. */
export const eventsByType: ReadonlyMap<string, EventDefinition> = new Map(events.map((event) => [event.type, event]));

/** Every topic of the mesh, once. */
export const topics: readonly TopicDefinition[] = [
  ...new Map(events.map((event) => [event.topic.name, event.topic])).values(),
];
