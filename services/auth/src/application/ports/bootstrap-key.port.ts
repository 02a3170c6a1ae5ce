/** A key that stands in its file. */
export interface WrittenKey {
  readonly keyText: string;
  /** Removes the file if this call made it: another process was the first after all. */
  readonly discard: () => Promise<void>;
}

/** Where the administrator finds the first key. */
export abstract class BootstrapKeyFile {
  /**
   * Writes the key into a new file that only this user can read, or gives back the key of the file that is there: a start that was cut
   * short goes on with it. @throws when the file is there and holds no key, or others can read it.
   */
  abstract writeOnce(keyText: string): Promise<WrittenKey>;
}
