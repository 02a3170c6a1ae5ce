import type { ModelFamily, Serving, TensorSpec } from '@myriad/contracts';
import type { Digest, Owned, Page, PageRequest, TenantId } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import type { Campaign, EnvironmentName } from '../domain/campaign.js';
import type { RunFacts } from '../domain/collect.js';
import type { Evaluation } from '../domain/evaluation.js';
import type { Promotion } from '../domain/promotion.js';
import type { Suite } from '../domain/suite.js';
import type { Table } from '../domain/table.js';

/** Suites belong to the platform. */
export interface SuiteStore {
  newest(tx: Tx, name: string): Promise<Suite | undefined>;
  /** The newest one, with the name locked until the transaction ends, so that two never make the same version. */
  newestLocked(tx: Tx, name: string): Promise<Suite | undefined>;
  find(tx: Tx, name: string, version: number): Promise<Suite | undefined>;
  insert(tx: Tx, suite: Suite): Promise<void>;
  /** The newest version of each. */
  list(tx: Tx, page: PageRequest): Promise<Page<Suite>>;
}

/** An admitted or rejected version, as the registry told. */
export interface VersionView {
  readonly modelName: string;
  readonly version: number;
  readonly versionId: string;
  readonly application: string | null;
  readonly admission: 'admitted' | 'rejected';
  readonly reason: string;
  readonly runId: string | null;
  /** The event's data, for what is passed on when the version is promoted; null when rejected. */
  readonly admitted: AdmittedVersion | null;
}

export interface AdmittedVersion {
  readonly artifactDigest: Digest;
  readonly sizeBytes: number;
  readonly parityDigest: Digest | null;
  readonly signature: { readonly inputs: TensorSpec[]; readonly outputs: TensorSpec[] };
  readonly family: ModelFamily;
  readonly sizeClass: 'small' | 'medium' | 'large';
  readonly batchInvariant: boolean;
  /** Not there for versions that were admitted before ways to serve were tried. */
  readonly serving?: Serving | null | undefined;
}

export interface DatasetView {
  readonly datasetName: string;
  readonly version: number;
  readonly digest: Digest;
  readonly format: 'csv' | 'parquet';
}

export interface ApprovalView {
  readonly approvalId: string;
  readonly subjectId: string;
  readonly evidenceDigest: Digest;
  readonly status: 'pending' | 'approved' | 'rejected' | 'void';
  readonly decidedBy: string | null;
  readonly reason: string;
}

export interface RolloutView {
  readonly promotionId: string;
  readonly status: 'progressing' | 'completed' | 'failed' | 'rolled-back';
  readonly reason: string;
}

/** What other services told, kept for our own use. Saving is idempotent; an older state never replaces a newer one. */
export interface ViewStore {
  saveVersion(tx: Tx, view: VersionView): Promise<void>;
  findVersion(tx: Tx, modelName: string, version: number): Promise<VersionView | undefined>;
  /** In an across-tenant transaction. */
  findVersionOf(tx: Tx, tenantId: string, modelName: string, version: number): Promise<VersionView | undefined>;
  /** Admitted versions of the application that have no evaluation; in an across-tenant transaction. */
  neverJudged(tx: Tx, application: string): Promise<readonly Owned<VersionView>[]>;
  saveDataset(tx: Tx, view: DatasetView): Promise<void>;
  newestDataset(tx: Tx, datasetName: string): Promise<DatasetView | undefined>;
  saveApplication(tx: Tx, view: { readonly name: string; readonly suite: string | null }): Promise<void>;
  suiteOfApplication(tx: Tx, name: string): Promise<string | null>;
  saveRun(
    tx: Tx,
    view: {
      readonly runId: string;
      readonly fleetRunId: string;
      readonly modelName: string;
      readonly outcome: RunFacts['outcome'];
      readonly reason: string;
    },
  ): Promise<void>;
  saveFleetRun(
    tx: Tx,
    view: {
      readonly fleetRunId: string;
      readonly application: string;
      readonly isEnded: boolean;
      readonly total: number;
    },
  ): Promise<void>;
  findFleetRun(
    tx: Tx,
    fleetRunId: string,
  ): Promise<{ readonly application: string; readonly isEnded: boolean; readonly total: number } | undefined>;
  /** Every tenant's run of a fleet run with its version and newest evaluation; in an across-tenant transaction. */
  runFacts(tx: Tx, fleetRunId: string): Promise<readonly RunFacts[]>;
  saveApproval(tx: Tx, view: ApprovalView): Promise<void>;
  findApproval(tx: Tx, subjectId: string, evidenceDigest: Digest): Promise<ApprovalView | undefined>;
  saveRollout(tx: Tx, view: RolloutView): Promise<void>;
  findRollouts(tx: Tx, promotionIds: readonly string[]): Promise<readonly RolloutView[]>;
}

/** When an evaluation that was claimed before is due again. */
export interface ClaimLimits {
  /** A running one whose worker gave its last sign of life before this time is taken for dead. */
  readonly staleBefore: Date;
  /** A queued one that broke off waits until its claim is older than this. */
  readonly retryBefore: Date;
}

export interface EvaluationStore {
  insert(tx: Tx, evaluation: Evaluation): Promise<void>;
  /** Inserts it unless its version has one; of many at once, one does. */
  insertFirst(tx: Tx, evaluation: Evaluation): Promise<void>;
  update(tx: Tx, evaluation: Evaluation): Promise<void>;
  find(tx: Tx, evaluationId: string): Promise<Owned<Evaluation> | undefined>;
  /** The evaluation, locked until the transaction ends. */
  lock(tx: Tx, evaluationId: string): Promise<Owned<Evaluation> | undefined>;
  list(
    tx: Tx,
    filter: PageRequest & { readonly modelName: string | undefined; readonly version: number | undefined },
  ): Promise<Page<Owned<Evaluation>>>;
  /** The newest completed one of a version. */
  newestOf(tx: Tx, versionId: string): Promise<Owned<Evaluation> | undefined>;
  /** Takes the oldest that is due, of any tenant; undefined when there is none. */
  claim(tx: Tx, now: Date, due: ClaimLimits): Promise<Owned<Evaluation> | undefined>;
  /** A sign of life of the worker that has claimed it; of nobody else. */
  heartbeat(tx: Tx, claimed: Evaluation, now: Date): Promise<void>;
}

export interface PromotionStore {
  insert(tx: Tx, promotion: Promotion): Promise<void>;
  update(tx: Tx, promotion: Promotion): Promise<void>;
  find(tx: Tx, promotionId: string): Promise<Owned<Promotion> | undefined>;
  list(tx: Tx, page: PageRequest): Promise<Page<Owned<Promotion>>>;
  /** Those that have not ended, locked, of any tenant; skips those that another reconciler holds. */
  lockOpen(tx: Tx, limit: number): Promise<readonly Owned<Promotion>[]>;
}

/** Campaigns belong to the platform. */
export interface CampaignStore {
  insert(tx: Tx, campaign: Campaign): Promise<void>;
  save(tx: Tx, campaign: Campaign): Promise<void>;
  find(tx: Tx, campaignId: string): Promise<Campaign | undefined>;
  list(tx: Tx, page: PageRequest): Promise<Page<Campaign>>;
  /** Ids of those that have not ended, or ended with members on their way. */
  openIds(tx: Tx): Promise<readonly string[]>;
  /** The campaign, locked until the transaction ends. */
  lock(tx: Tx, campaignId: string): Promise<Campaign | undefined>;
}

/** Reads a dataset version as the columns that a suite names. */
export interface DatasetReader {
  /** @throws {ProblemError} `evaluator.dataset_unusable` when a column is missing or the label is no number. */
  read(tenantId: TenantId, dataset: DatasetView, suite: Suite): Promise<Table>;
}

/** Runs a version over tables. */
export interface Scorer {
  /** Calls `use` with a function that scores a table: the probability of class 1 (or the value) of each row. The model is freed afterwards. */
  withModel<T>(
    tenantId: TenantId,
    version: Pick<AdmittedVersion, 'artifactDigest' | 'serving'>,
    use: (score: (table: Table) => Promise<Float64Array>) => Promise<T>,
  ): Promise<T>;
}

/** Immutable bundles, named by their digest. */
export interface EvidenceVault {
  keep(tenantId: TenantId, evidence: Record<string, unknown>): Promise<Digest>;
  read(tenantId: TenantId, digest: Digest): Promise<Record<string, unknown>>;
}

export type { EnvironmentName };

/** Tokens by which Nest injects the ports. */
/** Which objects rows of this service name. */
export interface NamedObjects {
  /** Of these digests those that a row of the tenant names. */
  among(tx: Tx, digests: readonly Digest[]): Promise<Digest[]>;
}

export const SUITE_STORE = Symbol('SuiteStore');
export const VIEW_STORE = Symbol('ViewStore');
export const EVALUATION_STORE = Symbol('EvaluationStore');
export const PROMOTION_STORE = Symbol('PromotionStore');
export const CAMPAIGN_STORE = Symbol('CampaignStore');
export const DATASET_READER = Symbol('DatasetReader');
export const SCORER = Symbol('Scorer');
export const EVIDENCE_VAULT = Symbol('EvidenceVault');
export const CLOCK = Symbol('Clock');
export const LOGGER = Symbol('Logger');
export const NAMED_OBJECTS = Symbol('NamedObjects');
