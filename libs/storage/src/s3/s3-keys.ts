import { randomUUID } from 'node:crypto';
import type { Digest, TenantId } from '@myriad/kernel';
import { checkDocumentName, checkTenant, hexOf } from '../object-name.js';

/** Prefixes of what has no proven digest yet. No tenant id starts with `_`, and one lifecycle rule each can clear them. */
export const UNPROVEN_PREFIXES = { unnamed: '_tmp/', uploads: '_uploads/' } as const;

/** The keys of one tenant. No key is the beginning of another and a `/`, which servers over a file system can't hold. */
export interface TenantPlaces {
  /** Prefix of all its objects. */
  readonly objects: string;
  object(digest: Digest): string;
  /** Prefix of what an encrypting store sealed. */
  readonly sealedObjects: string;
  sealed(digest: Digest): string;
  /** Prefix of all its documents. */
  readonly documents: string;
  document(name: string): string;
  /** Where a presigned upload goes. */
  upload(digest: Digest): string;
  /** A new key for bytes whose digest is not known yet. */
  unnamed(): string;
}

/** @throws {ProblemError} `storage.name_invalid`, from here and from what it returns. */
export function keysOf(tenantId: TenantId): TenantPlaces {
  const tenant = checkTenant(tenantId);
  const objects = `${tenant}/sha256/`;
  const sealedObjects = `${tenant}/sealed/`;
  const documents = `${tenant}/documents/`;
  return {
    objects,
    sealedObjects,
    sealed: (digest) => sealedObjects + hexOf(digest),
    object: (digest) => objects + hexOf(digest),
    documents,
    document: (name) => documents + checkDocumentName(name),
    upload: (digest) => `${UNPROVEN_PREFIXES.uploads}${tenant}/${hexOf(digest)}`,
    unnamed: () => `${UNPROVEN_PREFIXES.unnamed}${tenant}/${randomUUID()}`,
  };
}
