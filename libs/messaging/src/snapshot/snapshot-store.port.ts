/** Where snapshots are kept: an object store, as far as they need it. */
export interface SnapshotStore {
  /** The object's bytes; undefined when there is none. */
  get(name: string): Promise<Buffer | undefined>;
  /** Writes the whole object or nothing; replaces one of the same name. */
  put(name: string, bytes: Buffer): Promise<void>;
  remove(name: string): Promise<void>;
}
