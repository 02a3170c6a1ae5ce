import type { Clock, ProblemError } from '@myriad/kernel';
import type { Logger } from '@myriad/telemetry';
import { z } from 'zod';
import {
  IdentityProviders,
  type AuthorizationRequest,
  type CodeGrant,
} from '../../application/ports/identity-providers.port.js';
import { authProblem } from '../../domain/auth-problem.js';
import type { IdTokenClaims, LoginProvider } from '../../domain/login-provider.js';
import { ProviderUnavailable, fetchJson } from './fetch-json.js';
import { ProviderKeys } from './provider-keys.js';
import { ProviderMetadata } from './provider-metadata.js';
import type { ProviderSettings } from './provider-settings.js';
import { verifyIdToken } from './verify-id-token.js';

const grantedSchema = z.object({ id_token: z.string().min(1) });

interface Known {
  readonly settings: ProviderSettings;
  readonly metadata: ProviderMetadata;
  readonly keys: ProviderKeys;
}

/** OpenID Connect over HTTP; tokens are checked with jose. */
export class OidcIdentityProviders extends IdentityProviders {
  readonly all: readonly LoginProvider[];
  private readonly known: ReadonlyMap<string, Known>;

  constructor(
    settings: readonly ProviderSettings[],
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {
    super();
    this.all = settings;
    this.known = new Map(
      settings.map((one) => {
        const metadata = new ProviderMetadata(one.issuer, clock);
        return [one.id, { settings: one, metadata, keys: new ProviderKeys(metadata, clock) }];
      }),
    );
  }

  async authorizationUrl(provider: LoginProvider, request: AuthorizationRequest): Promise<string> {
    const { metadata } = this.of(provider);
    const { authorization_endpoint: endpoint } = await this.reaching(provider, () => metadata.get());
    const url = new URL(endpoint);
    const parameters = {
      response_type: 'code',
      client_id: provider.clientId,
      redirect_uri: request.redirectUri,
      scope: provider.scopes.join(' '),
      state: request.state,
      nonce: request.nonce,
      code_challenge: request.codeChallenge,
      code_challenge_method: 'S256',
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url.href;
  }

  async redeem(provider: LoginProvider, { code, codeVerifier, redirectUri, iss }: CodeGrant): Promise<string> {
    const { metadata, settings } = this.of(provider);
    const { status, body } = await this.reaching(provider, async () => {
      const { token_endpoint: endpoint, ...rest } = await metadata.get();
      // RFC 9207: a code that another provider issued is not sent to this one.
      const mustSay = rest.authorization_response_iss_parameter_supported === true;
      if (iss === undefined ? mustSay : iss !== provider.issuer) throw codeRefused(provider);
      const form = new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        redirect_uri: redirectUri,
        code_verifier: codeVerifier,
      });
      return fetchJson(endpoint, authenticated(settings, form));
    });
    const granted = grantedSchema.safeParse(body);
    if (status === 200 && granted.success) return granted.data.id_token;
    this.logger.info({ provider: provider.id, status, refusal: errorOf(body) }, 'the provider refused a code');
    throw codeRefused(provider);
  }

  verify(
    provider: LoginProvider,
    idToken: string,
    expected: { readonly clientIds: readonly string[]; readonly nonce?: string },
  ): Promise<IdTokenClaims> {
    const { keys } = this.of(provider);
    return this.reaching(provider, () =>
      verifyIdToken(idToken, { provider, keys: keys.find, nowMs: this.clock.nowMs(), ...expected }),
    );
  }

  private of({ id }: LoginProvider): Known {
    const known = this.known.get(id);
    if (known === undefined) throw new Error(`the provider '${id}' is not configured`);
    return known;
  }

  private async reaching<T>({ id }: LoginProvider, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (!(cause instanceof ProviderUnavailable)) throw cause;
      this.logger.warn({ err: cause, provider: id }, 'a login provider is away');
      const detail = `the provider '${id}' does not answer as it should; try again in a moment`;
      throw authProblem('unavailable', 'login_provider_unavailable', detail, { retryAfterSeconds: 5, cause });
    }
  }
}

/** The client's own credentials (RFC 6749 §2.3.1: both parts form-encoded before base64). */
function authenticated(settings: ProviderSettings, form: URLSearchParams): RequestInit {
  const { clientId, clientSecret, clientAuthentication } = settings;
  const headers: Record<string, string> = { accept: 'application/json' };
  if (clientSecret !== undefined && clientAuthentication === 'client_secret_basic') {
    const pair = [clientId, clientSecret()].map((part) => new URLSearchParams({ p: part }).toString().slice(2));
    headers['authorization'] = `Basic ${Buffer.from(pair.join(':')).toString('base64')}`;
  } else {
    form.set('client_id', clientId);
    if (clientSecret !== undefined) form.set('client_secret', clientSecret());
  }
  return { method: 'POST', headers, body: form };
}

function codeRefused({ id }: LoginProvider): ProblemError {
  return authProblem(
    'unauthenticated',
    'login_code_refused',
    `the provider '${id}' does not take the code; begin again`,
  );
}

/** The provider's own code for a refusal, cut short. */
function errorOf(body: unknown): string {
  const parsed = z.object({ error: z.string() }).safeParse(body);
  return parsed.success ? parsed.data.error.slice(0, 100) : 'none';
}
