import type { Digest, Owned, Page, PageRequest } from '@myriad/kernel';
import type { Tx } from '@myriad/persistence';
import type { Expression, OrderTerm } from '@myriad/search';
import type { Application } from '../domain/application.js';
import type { Dataset, DatasetVersion, FileFacts, FileFormat } from '../domain/dataset.js';
import type { Grant, GrantStatus } from '../domain/grant.js';
import type { ObjectSweep } from '../domain/object-sweep.js';
import type {
  Alias,
  AdmissionReport,
  AdmissionStatus,
  AliasMove,
  Model,
  ModelVersion,
  TagChange,
} from '../domain/model.js';

export interface DatasetStore {
  /** False when the name is taken. */
  insert(tx: Tx, dataset: Dataset): Promise<boolean>;
  find(tx: Tx, name: string): Promise<Dataset | undefined>;
  list(tx: Tx, page: PageRequest): Promise<Page<Dataset>>;
  /** Locks the dataset until the transaction ends, so that version numbers don't fork. */
  lock(tx: Tx, name: string): Promise<Dataset | undefined>;
  insertVersion(tx: Tx, version: DatasetVersion): Promise<void>;
  findVersion(tx: Tx, name: string, version: number): Promise<DatasetVersion | undefined>;
  findVersionByDigest(tx: Tx, name: string, digest: Digest): Promise<DatasetVersion | undefined>;
  listVersions(tx: Tx, name: string, page: PageRequest): Promise<Page<DatasetVersion>>;
}

export interface GrantFilter extends PageRequest {
  readonly datasetName: string | undefined;
  readonly status: GrantStatus | undefined;
}

export interface GrantStore {
  insert(tx: Tx, grant: Grant): Promise<void>;
  update(tx: Tx, grant: Grant): Promise<void>;
  find(tx: Tx, grantId: string): Promise<Grant | undefined>;
  list(tx: Tx, filter: GrantFilter): Promise<Page<Grant>>;
  /** Pending and active ones whose time is over, of every tenant. */
  overdue(tx: Tx, now: Date, limit: number): Promise<readonly Owned<Grant>[]>;
}

/** Applications belong to the platform. */
export interface ApplicationStore {
  insert(tx: Tx, application: Application): Promise<boolean>;
  update(tx: Tx, application: Application): Promise<void>;
  find(tx: Tx, name: string): Promise<Application | undefined>;
  /** Locks it until the transaction ends, so that no change is lost. */
  lock(tx: Tx, name: string): Promise<Application | undefined>;
  list(tx: Tx, page: PageRequest): Promise<Page<Application>>;
}

export type NewModel = Pick<Model, 'modelId' | 'name' | 'application' | 'description' | 'createdAt'>;

/** Models that are not deleted, where nothing else is said. */
export interface ModelStore {
  /** Makes the model when it is new, or was deleted, locks it, and gives the number of its next version. */
  nextVersion(tx: Tx, model: NewModel): Promise<number>;
  /** False when there is one of the name. One of a deleted name begins anew, but for the numbers of its versions. */
  create(tx: Tx, model: NewModel): Promise<boolean>;
  find(tx: Tx, name: string): Promise<Model | undefined>;
  /** Locks it until the transaction ends; false when there is none. */
  lock(tx: Tx, name: string): Promise<boolean>;
  describe(tx: Tx, name: string, change: { readonly description: string | null; readonly at: Date }): Promise<void>;
  /** Something of it changed. */
  touch(tx: Tx, name: string, at: Date): Promise<void>;
  /** With its versions. */
  delete(tx: Tx, name: string, at: Date): Promise<void>;
  /** False when no deleted one has the name. */
  restore(tx: Tx, name: string, at: Date): Promise<boolean>;
}

/** A model, or a version of it. */
export interface TagOwner {
  readonly modelName: string;
  readonly version?: number;
}

export interface TagStore {
  /** How many there are then. */
  change(tx: Tx, owner: TagOwner, change: TagChange): Promise<number>;
}

interface Search {
  readonly filter: Expression | undefined;
  readonly orderBy: OrderTerm | undefined;
  readonly page: PageRequest;
  /** All of the above in words: a page token goes on in a list of the same words only. */
  readonly list: string;
}
export interface ModelSearch extends Search {
  readonly isDeleted: boolean;
}
export type VersionSearch = Search;

interface Count<T> {
  readonly value: T;
  readonly count: number;
}

/** How many models there are of each value, the most of them first. */
export interface ModelCounts {
  readonly total: number;
  readonly byApplication: readonly Count<string | null>[];
  readonly byAlias: readonly Count<string>[];
  /** Of the newest version. */
  readonly byStatus: readonly Count<AdmissionStatus>[];
}

/** @throws {ProblemError} `search.filter_invalid`, `search.order_invalid`, `persistence.cursor_invalid` */
export interface SearchStore {
  models(tx: Tx, search: ModelSearch): Promise<Page<Model>>;
  versions(tx: Tx, search: VersionSearch): Promise<Page<ModelVersion>>;
  count(tx: Tx, filter: Expression | undefined): Promise<ModelCounts>;
}

export type VersionName = Pick<ModelVersion, 'modelName' | 'version'>;

export interface VersionStore {
  insert(tx: Tx, version: ModelVersion): Promise<void>;
  /** Writes what admission found. */
  update(tx: Tx, version: ModelVersion): Promise<void>;
  find(tx: Tx, modelName: string, version: number): Promise<ModelVersion | undefined>;
  describe(tx: Tx, name: VersionName, description: string | null): Promise<void>;
  findById(tx: Tx, versionId: string): Promise<ModelVersion | undefined>;
  findByRun(tx: Tx, runId: string): Promise<ModelVersion | undefined>;
  list(tx: Tx, modelName: string, page: PageRequest): Promise<Page<ModelVersion>>;
  /** Takes the oldest pending one that no live worker holds, of any tenant. */
  claim(tx: Tx, now: Date, staleBefore: Date): Promise<Owned<ModelVersion> | undefined>;
}

export type KeptMove = AliasMove & { readonly moveId: string };

/** Who changes an alias holds the lock of its model. */
export interface AliasStore {
  find(tx: Tx, modelName: string, alias: string): Promise<Alias | undefined>;
  /** The last move until then; undefined when there was none. */
  findAsOf(
    tx: Tx,
    when: { readonly modelName: string; readonly alias: string; readonly at: Date },
  ): Promise<AliasMove | undefined>;
  put(tx: Tx, alias: Alias): Promise<void>;
  remove(tx: Tx, modelName: string, alias: string): Promise<void>;
  /** Writes a move, or a removal, into the history. */
  record(tx: Tx, move: KeptMove): Promise<void>;
  list(tx: Tx, modelName: string, page: PageRequest): Promise<Page<Alias>>;
  history(tx: Tx, modelName: string, alias: string, page: PageRequest): Promise<Page<AliasMove>>;
}

export interface TagFacts {
  readonly keys: readonly string[];
}

/** An alias, and the version it is to point to. */
export interface AliasName {
  readonly name: string;
  readonly alias: string;
  readonly version: number | null;
}

/** What stands where an alias is to be moved. */
export interface AliasFacts {
  /** Whether there is the model. */
  readonly isThere: boolean;
  /** Of the version that is asked for; null where there is none. */
  readonly versionId: string | null;
  readonly status: AdmissionStatus | null;
  readonly previousVersion: number | null;
}

/** Many models of a tenant, with a few statements. What is locked is so until the transaction ends. */
export interface BulkStore {
  models(tx: Tx, names: readonly string[]): Promise<ReadonlyMap<string, Model>>;
  /** Of the models that are there. */
  lockTags(tx: Tx, names: readonly string[]): Promise<ReadonlyMap<string, TagFacts>>;
  putTags(tx: Tx, changes: readonly (TagChange & { readonly name: string })[], at: Date): Promise<void>;
  /** In the order of the items. */
  lockAliases(tx: Tx, items: readonly AliasName[]): Promise<readonly AliasFacts[]>;
  /** Into the history, too. */
  putAliases(tx: Tx, moves: readonly KeptMove[], at: Date): Promise<void>;
}

/** How far looks for objects that no row names have come. */
export interface LooksSoFar {
  /** Objects stored until then were asked about. */
  readonly seenUntil: Date;
  /** When all objects were looked at last, whenever they were stored. */
  readonly wholeAt: Date;
}

/** Questions about objects that no row names, and what keeps removing and committing apart. */
export interface ObjectSweepStore {
  /** For one caller when a look is due, which then is at `next`: how far looks have come. */
  claim(tx: Tx, now: Date, next: Date): Promise<LooksSoFar | undefined>;
  looked(tx: Tx, looks: LooksSoFar): Promise<void>;
  /** Takes out questions that were not answered in time, of every tenant. */
  takeOlder(tx: Tx, before: Date): Promise<readonly Owned<Pick<ObjectSweep, 'suspects'>>[]>;
  /** Of these digests those that a row of the tenant names. */
  named(tx: Tx, digests: readonly Digest[]): Promise<ReadonlySet<Digest>>;
  insert(tx: Tx, sweep: ObjectSweep): Promise<void>;
  /** Locks it until the transaction ends, so that no answer is lost. */
  lock(tx: Tx, sweepId: string): Promise<ObjectSweep | undefined>;
  update(tx: Tx, sweep: ObjectSweep): Promise<void>;
  end(tx: Tx, sweepId: string): Promise<void>;
  /** Until the transaction ends no object of the tenant is removed: for who is about to name one that is there. */
  keepObjects(tx: Tx): Promise<void>;
  /** Waits for those who name objects of the tenant now; until the transaction ends the others wait. */
  claimObjects(tx: Tx): Promise<void>;
}

/** Looks into a file of a dataset. */
export interface FileInspector {
  /** @throws {ProblemError} `registry.csv_*`, `registry.file_empty`, `registry.file_invalid`. */
  inspect(path: string, format: FileFormat): Promise<FileFacts>;
}

/** A model's file on this machine. */
export interface InspectedArtifact {
  readonly path: string;
  readonly digest: Digest;
}

/** What comes of looking at an artifact: a report, with reasons when it may not run. */
export interface ModelInspection {
  readonly report: AdmissionReport;
  readonly isRefused: boolean;
  /** What the report's `serving.split` names, to be stored; undefined where it is served whole. */
  readonly parts?: { readonly skeleton: Uint8Array; readonly weights: Uint8Array } | undefined;
}

export interface ModelInspector {
  /**
   * @param parity the trainer's recorded rows, when there are any. Never throws for what is wrong with the model.
   * @throws when the file does not match its digest, or could not be looked at for want of something else
   */
  inspect(artifact: InspectedArtifact, parity: Uint8Array | undefined): Promise<ModelInspection>;
}

export const DATASET_STORE = Symbol('DatasetStore');
export const GRANT_STORE = Symbol('GrantStore');
export const APPLICATION_STORE = Symbol('ApplicationStore');
export const MODEL_STORE = Symbol('ModelStore');
export const VERSION_STORE = Symbol('VersionStore');
export const BULK_STORE = Symbol('BulkStore');
export const TAG_STORE = Symbol('TagStore');
export const SEARCH_STORE = Symbol('SearchStore');
export const ALIAS_STORE = Symbol('AliasStore');
export const OBJECT_SWEEP_STORE = Symbol('ObjectSweepStore');
export const SWEEP_SETTINGS = Symbol('SweepSettings');
export const FILE_INSPECTOR = Symbol('FileInspector');
export const MODEL_INSPECTOR = Symbol('ModelInspector');
export const OBJECT_STORE = Symbol('ObjectStore');
export const EVENT_LOG = Symbol('EventLog');
export const CLOCK = Symbol('Clock');
export const LOGGER = Symbol('Logger');
