import type { TopicDefinition } from '@myriad/contracts';
import type { SnapshotWriterConfig, SnapshotWriterOptions } from '@myriad/messaging';
import { type ObjectStoreConfig, openObjectStore } from '@myriad/storage';

/** Which compacted topics a service keeps snapshots of, and where. */
export type ServiceSnapshots = Omit<SnapshotWriterOptions, 'log' | 'isLeader' | 'logger'>;

/**
 * What the config says of the snapshots of a service's own topics; undefined when there shall be none. The store is not reached: a service starts
 * while it is away.
 * @throws {ConfigError} listing what the store still needs
 */
export async function serviceSnapshots(
  config: SnapshotWriterConfig & ObjectStoreConfig,
  topics: readonly TopicDefinition[],
): Promise<ServiceSnapshots | undefined> {
  if (!config.SNAPSHOTS) return undefined;
  return {
    store: await openObjectStore({ ...config, S3_CREATE_BUCKET: false }),
    topics: topics.map(({ name }) => name),
    afterRecords: config.SNAPSHOT_AFTER_RECORDS,
    afterMs: config.SNAPSHOT_AFTER_SECONDS * 1000,
  };
}
