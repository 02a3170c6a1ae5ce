import { digestOfJson, type Digest, type TenantId } from '@myriad/kernel';

/** What happened. */
export interface AuditEntry {
  /** Who did it: a principal's id. */
  readonly actor: string;
  /** `<noun>.<verbed>`, e.g. `key.revoked`. */
  readonly action: string;
  /** What it was done to: an id or a route. */
  readonly object: string;
  /** Plain JSON; never a secret. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** A link of a tenant's chain. */
export interface AuditRecord extends AuditEntry {
  readonly tenantId: TenantId;
  /** 1, 2, 3, … without gaps. */
  readonly seq: number;
  /** RFC 3339. */
  readonly at: string;
  readonly previousHash: Digest;
  /** Digest of the canonical JSON of all other members. */
  readonly hash: Digest;
}

/** The end of a chain. */
export interface AuditHead {
  readonly seq: number;
  readonly hash: Digest;
}

/** The head of a chain without records. */
export const EMPTY_CHAIN: AuditHead = { seq: 0, hash: `sha256:${'0'.repeat(64)}` };

/** The next link after `head`. */
export function nextRecord(head: AuditHead, tenantId: TenantId, entry: AuditEntry, at: Date): AuditRecord {
  const { actor, action, object, details } = entry;
  const content = {
    previousHash: head.hash,
    seq: head.seq + 1,
    tenantId,
    actor,
    action,
    object,
    at: at.toISOString(),
    details,
  };
  return { ...content, hash: digestOfJson(content) };
}

/** Why the record is not the one that belongs after `head`; undefined when it is. */
export function faultOf(record: AuditRecord, head: AuditHead): string | undefined {
  const { hash, ...content } = record;
  if (record.seq !== head.seq + 1) return `record ${head.seq + 1} is missing`;
  if (record.previousHash !== head.hash) return 'it does not name the hash of the record before';
  if (digestOfJson(content) !== hash) return 'its content does not have its hash';
  return undefined;
}

/** What a check of a chain found. */
export interface ChainReport {
  readonly valid: boolean;
  /** Records found intact. */
  readonly records: number;
  readonly headHash: Digest;
  readonly broken: { readonly seq: number; readonly reason: string } | null;
}

/** Follows a chain record by record and ends at the first that is broken. */
export class ChainCheck {
  private at: AuditHead = EMPTY_CHAIN;
  private broken: ChainReport['broken'] = null;

  /** Whether the chain holds up to and including these records; call it in order of `seq`. */
  add(records: readonly AuditRecord[]): boolean {
    for (const record of records) {
      const reason = faultOf(record, this.at);
      if (reason !== undefined) {
        this.broken = { seq: this.at.seq + 1, reason };
        return false;
      }
      this.at = { seq: record.seq, hash: record.hash };
    }
    return true;
  }

  /** The report, given the head that was noted when the last record was written. */
  end(head: AuditHead): ChainReport {
    if (this.broken === null && this.at.seq < head.seq)
      this.broken = { seq: this.at.seq + 1, reason: `the chain ends before record ${head.seq}, its noted head` };
    else if (this.broken === null && this.at.hash !== head.hash)
      this.broken = { seq: this.at.seq, reason: 'it does not have the hash that was noted as head' };
    return { valid: this.broken === null, records: this.at.seq, headHash: this.at.hash, broken: this.broken };
  }
}
