import type { IdTokenClaims, LoginProvider } from '../../domain/login-provider.js';

/** What the authorization endpoint is asked. */
export interface AuthorizationRequest {
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: string;
  readonly codeChallenge: string;
}

/** What the token endpoint is asked. */
export interface CodeGrant {
  readonly code: string;
  readonly codeVerifier: string;
  readonly redirectUri: string;
  /** `iss` as it came back with the code, if it did. */
  readonly iss: string | undefined;
}

/** The configured OpenID Connect providers. */
export abstract class IdentityProviders {
  abstract readonly all: readonly LoginProvider[];
  /** @throws {ProblemError} `auth.login_provider_unavailable` */
  abstract authorizationUrl(provider: LoginProvider, request: AuthorizationRequest): Promise<string>;
  /** The ID token that the code is good for. @throws {ProblemError} `auth.login_provider_unavailable`, `auth.login_code_refused` */
  abstract redeem(provider: LoginProvider, grant: CodeGrant): Promise<string>;
  /**
   * What the ID token says, once its signature, issuer, audience, times and (when given) nonce hold.
   * @throws {ProblemError} `auth.id_token_invalid`, `auth.login_provider_unavailable`
   */
  abstract verify(
    provider: LoginProvider,
    idToken: string,
    expected: { readonly clientIds: readonly string[]; readonly nonce?: string },
  ): Promise<IdTokenClaims>;
}
