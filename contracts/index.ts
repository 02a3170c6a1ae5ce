export {
  cloudEventSchema,
  compactedTopic,
  defineEvent,
  eventTopic,
  fields,
  type CloudEvent,
  type EventData,
  type EventDefinition,
  type TopicDefinition,
} from './define-event.js';
export {
  HTTP_METHODS,
  conditionSchema,
  defineRoute,
  pageOf,
  pageQuery,
  problemSchema,
  type Condition,
  type HttpContract,
  type HttpMethod,
  type Problem,
  type RouteBody,
  type RouteDefinition,
  type RouteParams,
  type RouteQuery,
  type RouteResponse,
} from './define-route.js';
export { MODEL_FAMILIES, familySchema, type ModelFamily } from './model-class.js';
export { servingReportSchema, servingSchema, type Serving, type ServingReport } from './serving.js';
export { trialSchema, type Trial } from './trial.js';
export { signatureSchema, tensorSchema, type Signature, type TensorSpec } from './signature.js';
export { events, eventsByType, topics } from './events/index.js';
export { approvalDecidedV1 } from './events/auth/approval-decided.v1.js';
export { approvalRequestedV1 } from './events/auth/approval-requested.v1.js';
export { approvalVoidedV1 } from './events/auth/approval-voided.v1.js';
export { keyChangedV1 } from './events/auth/key-changed.v1.js';
export { authObjectsNamedV1 } from './events/auth/objects-named.v1.js';
export { principalChangedV1 } from './events/auth/principal-changed.v1.js';
export { signingKeysChangedV1 } from './events/auth/signing-keys-changed.v1.js';
export { tenantChangedV1 } from './events/auth/tenant-changed.v1.js';
export { tenantKeyRotationRequestedV1 } from './events/auth/tenant-key-rotation-requested.v1.js';
export { tenantPurgedV1 } from './events/auth/tenant-purged.v1.js';
export { batchJobChangedV1 } from './events/batch/batch-job-changed.v1.js';
export { batchObjectsNamedV1 } from './events/batch/objects-named.v1.js';
export { batchUsageMeteredV1 } from './events/batch/usage-metered.v1.js';
export { costRecordedV1 } from './events/deployer/cost-recorded.v1.js';
export { placementChangedV1 } from './events/deployer/placement-changed.v1.js';
export { poolChangedV1 } from './events/deployer/pool-changed.v1.js';
export { rolloutChangedV1 } from './events/deployer/rollout-changed.v1.js';
export { campaignChangedV1 } from './events/evaluator/campaign-changed.v1.js';
export { evaluationCompletedV1 } from './events/evaluator/evaluation-completed.v1.js';
export { evaluatorObjectsNamedV1 } from './events/evaluator/objects-named.v1.js';
export { promotionApprovedV1 } from './events/evaluator/promotion-approved.v1.js';
export { promotionCompletedV1 } from './events/evaluator/promotion-completed.v1.js';
export { promotionRequestedV1 } from './events/evaluator/promotion-requested.v1.js';
export { promotionSupersededV1 } from './events/evaluator/promotion-superseded.v1.js';
export { suiteChangedV1 } from './events/evaluator/suite-changed.v1.js';
export { rateUsedV1 } from './events/gateway/rate-used.v1.js';
export { requestAuditedV1 } from './events/gateway/request-audited.v1.js';
export { modelStateChangedV1 } from './events/realtime/model-state-changed.v1.js';
export { predictionSampledV1 } from './events/realtime/prediction-sampled.v1.js';
export { usageMeteredV1 } from './events/realtime/usage-metered.v1.js';
export { aliasMovedV1 } from './events/registry/alias-moved.v1.js';
export { applicationChangedV1 } from './events/registry/application-changed.v1.js';
export { datasetVersionCommittedV1 } from './events/registry/dataset-version-committed.v1.js';
export { grantChangedV1 } from './events/registry/grant-changed.v1.js';
export { grantRequestedV1 } from './events/registry/grant-requested.v1.js';
export { objectsRemovedV1 } from './events/registry/objects-removed.v1.js';
export { objectsSuspectedV1 } from './events/registry/objects-suspected.v1.js';
export { tenantKeyRotatedV1 } from './events/registry/tenant-key-rotated.v1.js';
export { tenantShreddedV1 } from './events/registry/tenant-shredded.v1.js';
export { versionAdmittedV1 } from './events/registry/version-admitted.v1.js';
export { versionRegisteredV1 } from './events/registry/version-registered.v1.js';
export { versionRejectedV1 } from './events/registry/version-rejected.v1.js';
export { versionReviewRequestedV1 } from './events/registry/version-review-requested.v1.js';
export { fleetRunChangedV1 } from './events/training/fleet-run-changed.v1.js';
export { jobChangedV1 } from './events/training/job-changed.v1.js';
export { trainingObjectsNamedV1 } from './events/training/objects-named.v1.js';
export { recipeChangedV1 } from './events/training/recipe-changed.v1.js';
export { runCompletedV1 } from './events/training/run-completed.v1.js';
export { PERMISSIONS, ROLES, permissionsOf, type Permission, type Role } from './permissions.js';
export { httpContracts } from './http/index.js';
export { authHttp, authRoutes } from './http/auth.js';
export { approvalSchema, auditRecordSchema } from './http/auth-approvals.js';
export { bindingSchema, keySchema, principalSchema, rateLimitSchema, tenantSchema } from './http/auth-identity.js';
export { batchHttp, batchJobSchema, batchRoutes } from './http/batch.js';
export {
  costSchema,
  deployerHttp,
  deployerRoutes,
  environmentSchema,
  placementSchema,
  poolSchema,
  rolloutSchema,
} from './http/deployer.js';
export { evaluatorHttp, evaluatorRoutes } from './http/evaluator.js';
export {
  campaignSchema,
  checkSchema,
  evaluationSchema,
  promotionSchema,
  suiteSchema,
} from './http/evaluator-schemas.js';
export { gatewayHttp, gatewayRoutes } from './http/gateway.js';
export {
  OPERATED_SERVICES,
  deadLetterSchema,
  gatewayOperationsSchema,
  operationsOf,
  operationsSchema,
  type OperatedService,
  type OperationsRoutes,
} from './http/operations.js';
export { inferenceProto } from './grpc/inference-proto.js';
export { inferRequestSchema, inferResponseSchema, realtimeHttp, realtimeRoutes } from './http/realtime.js';
export {
  modelConfigSchema,
  modelMetadataSchema,
  modelStatisticsSchema,
  repositoryIndexSchema,
} from './http/realtime-models.js';
export { servingExplanationSchema, servingRoutes } from './http/realtime-serving.js';
export { registryHttp, registryRoutes } from './http/registry.js';
export {
  columnSchema,
  datasetSchema,
  datasetVersionSchema,
  grantSchema,
  presignedSchema,
} from './http/registry-datasets.js';
export { aliasSchema, applicationSchema, modelSchema, modelVersionSchema } from './http/registry-models.js';
export { mlflowRoutes } from './http/mlflow-tracking.js';
export { trainingHttp, trainingRoutes } from './http/training.js';
export { fleetRunSchema, jobSchema, limitsSchema, recipeSchema, runSchema } from './http/training-schemas.js';
