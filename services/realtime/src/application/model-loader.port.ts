import type { TensorMap } from '@myriad/inference';
import type { TenantId } from '@myriad/kernel';
import type { Placement } from '../domain/placement.js';

interface InMemory {
  /** Bytes of memory it is counted with. */
  readonly memoryBytes: number;
  /** Frees its memory; runs that have begun end first. */
  dispose(): void;
}

/** A version that the one thread runs itself: some microseconds. */
export interface InlineModel extends InMemory {
  /** Runs it now; holds the thread. @throws {ProblemError} `inference.run_failed`. */
  runSync(inputs: TensorMap, outputs?: readonly string[]): TensorMap;
  readonly run?: undefined;
}

/** A version that runs elsewhere, in a worker thread or on another server: what asks for it waits in a line of its own, fair to tenants. */
export interface DetachedModel extends InMemory {
  /**
   * Runs it when its turn comes.
   * @throws {ProblemError} `inference.run_failed`; `realtime.deadline_exceeded`, `client_gone`, `tenant_busy`, `overloaded`; `realtime.runtime_lost` when what ran it is gone, which may be tried again.
   */
  run(call: DetachedCall): Promise<DetachedRun>;
  readonly runSync?: undefined;
}

/** A version in memory. */
export type LoadedModel = InlineModel | DetachedModel;

/** What a detached model is asked. */
export interface DetachedCall {
  readonly tenantId: TenantId;
  /** Given away: their memory may be moved to another thread, so nobody reads them afterwards. */
  readonly inputs: TensorMap;
  /** Rows in them. */
  readonly rows: number;
  /** Which outputs to compute; undefined: all. */
  readonly outputs?: readonly string[] | undefined;
  /** Unix milliseconds after which the answer is of no use. */
  readonly deadlineMs?: number | undefined;
  /** Whether whoever asked has left. */
  readonly isGone?: (() => boolean) | undefined;
}

/** What it answers. */
export interface DetachedRun {
  readonly outputs: TensorMap;
  /** What the run took where it ran, microseconds; of a run for several requests, this one's part by rows. */
  readonly inferMicros: number;
}

/** Where a version's bytes are read from. */
export type Tier = 'disk' | 'store';

/** Brings versions into memory. */
export abstract class ModelLoader {
  /** Where the version's bytes would be read from now. */
  abstract tierOf(placement: Placement): Tier;
  /** The version is not served here any more: what is kept of its bytes may go. Never fails. */
  abstract forget(placement: Placement): void;
  /** @throws when the version can't be read, run, or does not give what its trainer recorded. */
  abstract load(placement: Placement): Promise<LoadedModel>;
}

/** Where models run that are not run by the one thread. */
export interface DetachedRuntime {
  /** Brings a version in; `isVerified`: it gave what its trainer recorded before. @throws when it can't be read, run, or gives something else */
  load(placement: Placement, isVerified: boolean): Promise<DetachedModel>;
}
