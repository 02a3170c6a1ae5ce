import type { PrincipalEntry } from './identity-tables.js';

/** A principal acting in one tenant and environment with what its credential lets it do there. Kept as long as none of it changes. */
export interface Session {
  readonly principal: PrincipalEntry;
  readonly tenantId: string;
  readonly environment: string;
  readonly permissions: ReadonlySet<string>;
  /** The API key that the caller came with, or got its token with. */
  readonly keyId: string | undefined;
  /** Internal tokens by audience, as `Bearer <token>`. */
  readonly tokens: Map<string, { readonly authorization: string; readonly expiresAtMs: number }>;
}

/** A key or token that was accepted: whose it is, and its sessions by tenant and environment. */
export interface Credential {
  readonly principal: PrincipalEntry;
  readonly scopes: ReadonlySet<string> | undefined;
  readonly keyId: string | undefined;
  readonly sessions: Map<string, Session>;
}
