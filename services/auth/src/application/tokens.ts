/** Injection tokens for what is no class. */
export const CLOCK = Symbol('Clock');
export const SETTINGS = Symbol('AuthSettings');

/** What the use cases need of the configuration. */
export interface AuthSettings {
  /** Life of a user token, seconds. */
  readonly tokenLifeSeconds: number;
  /** A new signing key is published for so long before it signs, milliseconds. */
  readonly signingKeyDelayMs: number;
  /** After so long a login asks the provider again, seconds. */
  readonly loginSeconds: number;
}
