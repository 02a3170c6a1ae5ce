import { randomFillSync } from 'node:crypto';
import type { Clock } from './clock.js';

declare const brand: unique symbol;
/** A string that only a checked constructor makes, so that one kind of id is never passed for another. */
export type Branded<T extends string> = string & { readonly [brand]: T };

/** A customer of the platform, or `platform` itself. Lower case letters, digits and `-`, 1–63 characters, starts with a letter or digit. */
export type TenantId = Branded<'TenantId'>;

/** A row with the tenant it belongs to. */
export type Owned<T> = T & { readonly tenantId: TenantId };

/** A user or service account: `usr_…` or `svc_…`. */
export type PrincipalId = Branded<'PrincipalId'>;

/** The tenant that owns what no customer owns: applications, recipes, suites, fleets, environments. */
export const PLATFORM_TENANT = 'platform' as TenantId;

const TENANT_PATTERN = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Whether the text is a tenant id; see {@link TenantId} for the form. */
export function isTenantId(text: string): text is TenantId {
  return TENANT_PATTERN.test(text);
}

/** @throws {TypeError} when the text is no tenant id; for values that were checked at the edge already. */
export function tenantId(text: string): TenantId {
  if (!isTenantId(text)) throw new TypeError(`'${text}' is not a tenant id (${TENANT_PATTERN.source})`);
  return text;
}

const UUID_BYTES = 16;
/** Random bytes are asked for in blocks: an id of its own costs several microseconds. */
const block = Buffer.alloc(256 * UUID_BYTES);
let used = block.length;

/**
 * A UUID version 7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then 74 random bits, so ids sort by time of creation to the millisecond.
 */
export function uuidv7(clock: Pick<Clock, 'nowMs'> = { nowMs: Date.now }): string {
  if (used === block.length) {
    randomFillSync(block);
    used = 0;
  }
  const bytes = block.subarray(used, (used += UUID_BYTES));
  bytes.writeUIntBE(clock.nowMs(), 0, 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** A new id with a short prefix that says what it names: `job_0190…`. The prefix is 2–12 lower case letters. */
export function newId(prefix: string, clock?: Pick<Clock, 'nowMs'>): string {
  return `${prefix}_${uuidv7(clock).replaceAll('-', '')}`;
}
