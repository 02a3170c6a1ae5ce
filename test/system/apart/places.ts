import type { Operation, Place } from './operations.js';
import { isFreeText, leavesOf } from './schema.js';

/** Things that one tenant has and another must not reach. */
export const KINDS = [
  'tenant',
  'principal',
  'principalName',
  'key',
  'keyPrefix',
  'approval',
  'subject',
  'dataset',
  'grant',
  'model',
  'artifact',
  'datasetFile',
  'evidence',
  'job',
  'run',
  'experiment',
  'experimentId',
  'trackedFile',
  'loggedModel',
  'evaluation',
  'promotion',
  'rollout',
  'batchJob',
  'campaign',
  'fleetRun',
  'deadLetter',
  'pageToken',
] as const;
export type Kind = (typeof KINDS)[number];

/** Of a catalogue that everybody reads; alias and version say nothing without the model or dataset before them. */
export const SHARED_KINDS = ['application', 'recipe', 'suite', 'environment', 'alias', 'version'] as const;
export type SharedKind = (typeof SHARED_KINDS)[number];

/** The caller's own words, or what is no name of anything in Myriad. */
const WORDS = 'words';

/** What each place names. Of two entries that of the operation (`createDataset .name`) goes first. */
const NAMES: Readonly<Record<string, Kind | SharedKind | typeof WORDS>> = {
  'tenants/tenantId': 'tenant',
  'principals/principalId': 'principal',
  'keys/keyId': 'key',
  'approvals/approvalId': 'approval',
  'datasets/name': 'dataset',
  'versions/version': 'version',
  'grants/grantId': 'grant',
  'models/name': 'model',
  'models/model': 'model',
  'aliases/alias': 'alias',
  'jobs/jobId': 'job',
  'runs/runId': 'run',
  'evaluations/evaluationId': 'evaluation',
  'promotions/promotionId': 'promotion',
  'rollouts/rolloutId': 'rollout',
  'batch-jobs/batchJobId': 'batchJob',
  'campaigns/campaignId': 'campaign',
  'fleet-runs/fleetRunId': 'fleetRun',
  'dead-letters/deadLetterId': 'deadLetter',
  'applications/name': 'application',
  'recipes/name': 'recipe',
  'suites/name': 'suite',
  'environments/environment': 'environment',
  'providers/provider': WORDS,

  '?pageToken': 'pageToken',
  '?model': 'model',
  '?modelName': 'model',
  '?datasetName': 'dataset',
  '?experiment': 'experiment',
  '?fleetRunId': 'fleetRun',
  '?principalId': 'principal',
  '?subjectId': 'subject',
  '?actor': 'principal',
  '?object': 'dataset',
  '?prefix': 'keyPrefix',
  '?application': 'application',
  'listPrincipals ?name': 'principalName',
  'listRunMetrics ?name': WORDS,
  '?action': WORDS,
  // of the caller's own tenant's models only; a filter never says whose
  '?filter': WORDS,
  '?orderBy': WORDS,
  '?reason': WORDS,

  '.tenantId': 'tenant',
  '.tenants[]': 'tenant',
  '.confirm': 'tenant',
  '.bindings[].tenantId': 'tenant',
  '.principalId': 'principal',
  '.datasetName': 'dataset',
  '.dataset.name': 'dataset',
  '.datasets[].name': 'dataset',
  '.goldenDataset': 'dataset',
  '.modelName': 'model',
  '.names[]': 'model',
  '.items[].name': 'model',
  '.items[].alias': 'alias',
  '.experiment': 'experiment',
  '.fleetRunId': 'fleetRun',
  '.artifactDigest': 'artifact',
  '.parityDigest': 'artifact',
  '.evidenceDigest': 'evidence',
  '.application': 'application',
  '.recipe': 'recipe',
  '.suite': 'suite',
  'createDatasetUpload .digest': 'datasetFile',
  'commitDatasetVersion .digest': 'datasetFile',
  'createModelUpload .digest': 'artifact',
  'createDataset .name': 'dataset',
  'createExperiment .name': 'experiment',
  'createModel .name': 'model',
  'createPrincipal .name': 'principalName',
  'updatePrincipal .name': 'principalName',
  'createRecipe .name': 'recipe',

  // MLflow's calls
  'workspaces/workspaceName': 'tenant',
  'artifacts/path': 'trackedFile',
  'logged-models/modelId': 'loggedModel',
  '.source_run_id': 'run',
  '.models[].model_id': 'loggedModel',
  'mlflowCreateLoggedModel .name': WORDS,
  '?path': 'trackedFile',
  '?run_id': 'run',
  '?experiment_id': 'experimentId',
  '?experiment_name': 'experiment',
  '.run_id': 'run',
  '.experiment_id': 'experimentId',
  '.experiment_ids[]': 'experimentId',
  'mlflowCreateExperiment .name': 'experiment',
  'createSuite .name': 'suite',
  'createApplication .name': 'application',

  ...Object.fromEntries(
    [
      ...['.displayName', '.description', '.comment', '.justification', '.reason', '.source', '.entryPoint', '.label'],
      ...['.parameters', '.parameterSchema', '.features[].name', '.thresholds[].metric', '.metrics[].name'],
      ...['.tags', '.set', '.remove[]', '.items[].set', '.items[].remove[]'],
      // of the Open Inference Protocol
      ...['.id', '.inputs[].name', '.inputs[].data[]', '.outputs[].name'],
      // of MLflow's calls
      ...['?metric_key', '?max_results', '?page_token', '.page_token', '.max_results', '.filter', '.order_by[]'],
      ...[
        '.artifact_location',
        '.new_name',
        '.user_id',
        '.run_name',
        '.start_time',
        '.end_time',
        '.timestamp',
        '.step',
      ],
      ...['.model_type', '.models[].step'],
      ...['.key', '.value', '.tags[].key', '.tags[].value', '.params[].key', '.params[].value', '.metrics[].key'],
      ...['.metrics[].timestamp', '.metrics[].step', '.datasets[].tags[].key', '.datasets[].tags[].value'],
      ...['name', 'digest', 'source_type', 'source', 'schema', 'profile'].map((name) => `.datasets[].dataset.${name}`),
      // settings of a process, all of a body
      ...['updateTraceSetting ', 'updateLogSetting '],
      // of logins, which name no tenant's thing but secrets that only their holder has
      ...['.provider', '.redirectUri', '.codeChallenge', '.state', '.code', '.codeVerifier', '.iss', '.idToken'],
      '.refreshToken',
    ].map((place) => [place, WORDS]),
  ),
};

/** Every place of an operation where its caller chooses what stands there. */
export function placesOf({ parameters, body }: Operation): readonly Place[] {
  return [...parameters, ...(body ? leavesOf(body) : [])];
}

/** What a place names; undefined: nothing. @throws when nobody has said it of a place of a new operation */
export function kindOf({ operationId }: Operation, { at, schema }: Place): Kind | SharedKind | undefined {
  const name = NAMES[`${operationId} ${at}`] ?? NAMES[at];
  if (name === WORDS) return undefined;
  if (name === undefined && isFreeText(schema))
    throw new Error(
      `${operationId}: say in test/system/apart/places.ts what '${at}' names, so that tenants can be tried against each other there`,
    );
  return name;
}

export function isShared(kind: Kind | SharedKind): kind is SharedKind {
  return (SHARED_KINDS as readonly string[]).includes(kind);
}
