import type { PartitionLag } from '../event-log.port.js';
import type { Snapshot } from './snapshot-list.js';
import { MAX_SNAPSHOT_AGE_MS } from './tail-from-snapshots.js';

/** How the newest snapshot of a topic is. */
export interface SnapshotState {
  readonly topic: string;
  /** Unix milliseconds; undefined when there is none. */
  readonly madeAtMs: number | undefined;
  readonly keys: number;
  /** Of its parts in the store; 0 for one that an earlier version wrote. */
  readonly sizeBytes: number;
  /** What came since: who begins with it reads so many records of the topic. */
  readonly newRecords: number;
  /** For how long a newer one should have been there, milliseconds. */
  readonly overdueMs: number;
  /** Whether who begins now takes it. */
  readonly isUsable: boolean;
}

/** A topic is written anew after so long in any case, milliseconds: long before readers find its snapshot too old. */
export const MAX_REST_MS = MAX_SNAPSHOT_AGE_MS / 2;

/** Records that came since the snapshot; undefined when the topic ends before it does, as one that was made anew. */
export function newRecords(ends: readonly PartitionLag[], snapshot: Snapshot | undefined): number | undefined {
  const positions = new Map(snapshot?.partitions.map(({ partition, position }) => [partition, BigInt(position)]));
  const came = ends.map(({ partition, endOffset }) => Number(endOffset - (positions.get(partition) ?? 0n)));
  return came.some((one) => one < 0) ? undefined : came.reduce((sum, one) => sum + one, 0);
}

export interface SnapshotSight {
  readonly topic: string;
  readonly ends: readonly PartitionLag[];
  readonly newest: Snapshot | undefined;
  /** When anything is written anew, milliseconds; see `SnapshotSchedule`. */
  readonly afterMs: number;
  readonly nowMs: number;
  /** Since when somebody writes, Unix milliseconds: what was not written before is overdue from then on only. */
  readonly sinceMs: number;
}

/** What is to be said of a topic's newest snapshot. */
export function snapshotState({ topic, ends, newest, afterMs, nowMs, sinceMs }: SnapshotSight): SnapshotState {
  const came = newRecords(ends, newest);
  const records = came ?? newRecords(ends, undefined) ?? 0;
  const state = { topic, ...contentsOf(newest), newRecords: records };
  if (newest === undefined && records === 0) return { ...state, overdueMs: 0, isUsable: true };
  const ageMs = newest && came !== undefined ? nowMs - newest.madeAtMs : Number.POSITIVE_INFINITY;
  const restMs = records > 0 ? Math.min(afterMs, MAX_REST_MS) : MAX_REST_MS;
  const overdueMs = Math.max(0, Math.min(ageMs - restMs, nowMs - sinceMs));
  return { ...state, overdueMs, isUsable: ageMs <= MAX_SNAPSHOT_AGE_MS };
}

function contentsOf(newest: Snapshot | undefined): Pick<SnapshotState, 'madeAtMs' | 'keys' | 'sizeBytes'> {
  return { madeAtMs: newest?.madeAtMs, keys: newest?.keys ?? 0, sizeBytes: newest?.sizeBytes ?? 0 };
}
