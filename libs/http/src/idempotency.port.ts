import type { Once, RequestContext } from '@myriad/kernel';

/** What is known of an idempotency key. */
export type IdempotencyClaim =
  /** New, or its lease ran out: go on with `once` in the context, then say `complete` or `abandon`. */
  | { readonly state: 'started'; readonly once: Once }
  /** Another request with this key is being worked on. */
  | { readonly state: 'in-progress' }
  /** The key was used for another request. */
  | { readonly state: 'mismatch' }
  /** Done before: its answer again. */
  | { readonly state: 'completed'; readonly status: number; readonly body: string };

/**
 * Remembers answers of POSTs by their `Idempotency-Key`, per tenant. `libs/persistence` has the adapter.
 */
export interface IdempotencyPort {
  /** Claims a key for a request. `fingerprint` is a digest of what was asked; another one under the same key is a mismatch. */
  begin(ctx: RequestContext, key: string, fingerprint: string): Promise<IdempotencyClaim>;
  /** Keeps the answer (JSON text) for whoever asks again. */
  complete(ctx: RequestContext, key: string, answer: { readonly status: number; readonly body: string }): Promise<void>;
  /** The request failed and may be tried again: gives the key free, or, when part of it was done already, free for the same request only. */
  abandon(ctx: RequestContext, key: string): Promise<void>;
}
