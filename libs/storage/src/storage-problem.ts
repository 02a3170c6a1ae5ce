import { problems, type Digest, type ProblemError, type TenantId } from '@myriad/kernel';

const problem = problems('storage');

/** The closed list of what a store refuses. */
export const storageProblem = {
  objectNotFound: (digest: Digest) => problem('not-found', 'object_not_found', `the tenant has no object ${digest}`),
  digestMismatch: (expected: Digest, actual: Digest) =>
    problem('unprocessable', 'digest_mismatch', `the bytes have the digest ${actual}, ${expected} was announced`),
  sizeMismatch: (expected: number, actual: string) =>
    problem('unprocessable', 'size_mismatch', `${expected} bytes were announced, ${actual}`),
  tooLarge: (maxSizeBytes: number) =>
    problem('too-large', 'too_large', `more bytes than the ${maxSizeBytes} that are allowed`),
  full: (cause: unknown) =>
    problem('unavailable', 'full', 'the object store has no space left; nothing was stored', {
      cause,
      retryAfterSeconds: 60,
    }),
  corrupt: (digest: Digest, detail: string) => problem('internal', 'corrupt', `object ${digest} is damaged: ${detail}`),
  documentCorrupt: (name: string, detail: string) =>
    problem('internal', 'corrupt', `document '${name}' is damaged: ${detail}`),
  keyDestroyed: (tenantId: TenantId, destroyedAt: string) =>
    problem(
      'gone',
      'key_destroyed',
      `the key of tenant '${tenantId}' was destroyed at ${destroyedAt}; what it encrypted can't be read any more`,
    ),
  keyInvalid: (tenantId: TenantId, detail: string, cause?: unknown) =>
    problem('internal', 'key_invalid', `a data key of tenant '${tenantId}' does not unwrap: ${detail}`, { cause }),
  keysUnavailable: (detail: string, cause?: unknown) =>
    problem('unavailable', 'keys_unavailable', `the key service did not answer as it should: ${detail}`, {
      cause,
      retryAfterSeconds: 1,
    }),
  unavailable: (detail: string, cause?: unknown) =>
    problem('unavailable', 'unavailable', detail, { cause, retryAfterSeconds: 1 }),
  rangeInvalid: (detail: string) => problem('invalid', 'range_invalid', detail),
  nameInvalid: (detail: string) => problem('invalid', 'name_invalid', detail),
  expiryInvalid: (sent: number) =>
    problem('invalid', 'expiry_invalid', `a URL may live for 1 to 86400 whole seconds, ${sent} was asked for`),
  preconditionFailed: (name: string) =>
    problem('conflict', 'precondition_failed', `document '${name}' is not at the expected version`),
  urlInvalid: () =>
    problem('forbidden', 'url_invalid', 'the URL was not signed by this store for this method and object'),
  urlExpired: () => problem('forbidden', 'url_expired', 'the URL has expired; ask for a new one'),
  presignUnsupported: () =>
    problem('unsupported', 'presign_unsupported', 'this store has no public URL and signing key to presign with'),
} satisfies Record<string, (...args: never[]) => ProblemError>;
