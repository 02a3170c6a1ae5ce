import { isDigest, isTenantId, type Digest, type TenantId } from '@myriad/kernel';
import { storageProblem } from './storage-problem.js';

const DOCUMENT_NAME = /^[a-z0-9][a-z0-9._-]{0,199}$/;
const MAX_EXPIRY_SECONDS = 86_400;

/** Types are gone at run time, and what passes here becomes a path or a key. @throws {ProblemError} `storage.name_invalid`. */
export function checkTenant(tenantId: TenantId): TenantId {
  if (!isTenantId(tenantId)) throw storageProblem.nameInvalid('this is not a tenant id');
  return tenantId;
}

/** The 64 hex digits of a digest. @throws {ProblemError} `storage.name_invalid`. */
export function hexOf(digest: Digest): string {
  if (!isDigest(digest)) throw storageProblem.nameInvalid("a digest is 'sha256:' and 64 lower case hex digits");
  return digest.slice('sha256:'.length);
}

/** The digest that `hex` is of, or undefined when it is none. */
export function digestOfHex(hex: string): Digest | undefined {
  const digest = `sha256:${hex}`;
  return isDigest(digest) ? digest : undefined;
}

/** @throws {ProblemError} `storage.name_invalid`. */
export function checkDocumentName(name: string): string {
  if (!DOCUMENT_NAME.test(name)) throw storageProblem.nameInvalid(`a document's name matches ${DOCUMENT_NAME.source}`);
  return name;
}

/** @throws {ProblemError} `storage.expiry_invalid`. */
export function checkExpiry(expiresInSeconds: number): number {
  if (!Number.isInteger(expiresInSeconds) || expiresInSeconds < 1 || expiresInSeconds > MAX_EXPIRY_SECONDS)
    throw storageProblem.expiryInvalid(expiresInSeconds);
  return expiresInSeconds;
}
