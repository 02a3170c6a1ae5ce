/** A statement is prepared from this use on. */
const WORTH_IT = 5;
/** Statements a connection keeps prepared, and texts that are counted. */
const MAX_PREPARED = 100;
const MAX_COUNTED = 1_000;
const WRITES = /^\s*(?:INSERT|UPDATE|DELETE|SELECT set_config)\b/i;
/** PostgreSQL's words for a statement whose table was changed by a migration since it was prepared (SQLSTATE 0A000). */
const OUTDATED = /cached plan must not change result type/;

/**
 * Names for the statements that come again and again, under which a connection keeps them parsed and planned. Only writes: what a search
 * asks for is planned for its own values.
 */
export class PreparedStatements {
  private readonly names = new Map<string, string>();
  private readonly counts = new Map<string, number>();
  private generation = 0;

  /** Undefined while the statement is not worth preparing. */
  nameOf(text: string): string | undefined {
    const name = this.names.get(text);
    if (name !== undefined || this.names.size >= MAX_PREPARED || !WRITES.test(text)) return name;
    const count = (this.counts.get(text) ?? 0) + 1;
    if (count < WORTH_IT) {
      if (this.counts.size >= MAX_COUNTED) this.counts.clear();
      this.counts.set(text, count);
      return undefined;
    }
    this.counts.delete(text);
    const given = `myriad_${this.generation}_${this.names.size}`;
    this.names.set(text, given);
    return given;
  }

  /** Prepares all anew when the error says that a table has changed. */
  heed(error: unknown): void {
    if (!isOutdated(error)) return;
    this.names.clear();
    this.generation += 1;
  }
}

/** Whether the same transaction may succeed with statements that are prepared anew. */
export function isOutdated(error: unknown): boolean {
  return error instanceof Error && OUTDATED.test(error.message);
}
