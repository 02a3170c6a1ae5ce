import { counter, gauge, histogram } from '@myriad/telemetry';

/** What snapshots are counted by; `topic` is one of the contracts. */
export const snapshotMetrics = {
  madeAt: gauge('myriad_snapshot_made_timestamp_seconds', 'When the newest snapshot of the topic was made, Unix time'),
  keys: gauge('myriad_snapshot_keys', 'Keys in the newest snapshot of the topic'),
  write: histogram('myriad_snapshot_write_seconds', 'Time that writing a snapshot took', {
    unit: 'seconds',
    bounds: [0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600],
  }),
  failures: counter('myriad_snapshot_write_failures_total', 'Snapshots that could not be written'),
  ready: gauge(
    'myriad_tail_ready_seconds',
    'Time from the start of the last tail of compacted topics until it had caught up',
  ),
  read: counter(
    'myriad_tail_records_total',
    'Records that tails of compacted topics began with, from a snapshot or the topic',
  ),
  passedOver: counter('myriad_snapshots_passed_over_total', 'Snapshots that could not be used'),
} as const;
