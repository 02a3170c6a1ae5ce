import { z } from 'zod';
import { fields } from '../define-event.js';
import { defineRoute } from '../define-route.js';

const providerId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
  .describe('a provider of `GET /v1/login/providers`');
const opaque = z.string().min(1).max(4096);
/** RFC 7636: 43–128 unreserved characters. */
const codeVerifier = z.string().regex(/^[A-Za-z0-9._~-]{43,128}$/);

export const loginProviderSchema = z.object({
  provider: providerId,
  name: z.string(),
  issuer: z.string(),
  /** How a command line logs in by RFC 8628; null: the provider has no such client. */
  device: z.object({ clientId: z.string(), scope: z.string() }).nullable(),
});

/** What a login gives. */
export const loginSchema = z.object({
  principalId: fields.id,
  tenantId: fields.tenantId.describe('home tenant'),
  accessToken: z.string().describe('like one of `POST /v1/tokens`'),
  expiresAt: fields.time,
  refreshToken: z
    .string()
    .optional()
    .describe('for `POST /v1/login/refresh`, once; left out when another refresh was answered a moment ago'),
  sessionExpiresAt: fields.time.describe('then the provider is asked again'),
});

const refusals = [
  'auth.login_provider_unknown',
  'auth.login_provider_unavailable',
  'auth.id_token_invalid',
  'auth.login_tenant_refused',
  'auth.login_tenant_suspended',
  'auth.login_principal_disabled',
  'auth.login_no_role',
];

export const loginRoutes = {
  listLoginProviders: defineRoute({
    operationId: 'listLoginProviders',
    method: 'GET',
    path: '/v1/login/providers',
    summary: 'OpenID Connect providers that one can log in with; those that are listed',
    permission: 'public',
    response: z.object({ items: z.array(loginProviderSchema) }),
  }),
  getLoginProvider: defineRoute({
    operationId: 'getLoginProvider',
    method: 'GET',
    path: '/v1/login/providers/:provider',
    summary: 'One provider, listed or not',
    permission: 'public',
    params: z.object({ provider: providerId }),
    response: loginProviderSchema,
    problems: ['auth.login_provider_unknown'],
  }),
  startLogin: defineRoute({
    operationId: 'startLogin',
    method: 'POST',
    path: '/v1/login/oidc/start',
    summary: 'Begin a login by authorization code and PKCE; keep the verifier, it alone can finish',
    permission: 'public',
    secretResponse: true,
    body: z.strictObject({
      provider: providerId,
      redirectUri: z.string().max(2048).describe("exactly one of those in the provider's configuration"),
      codeChallenge: z
        .string()
        .regex(/^[A-Za-z0-9_-]{43}$/)
        .describe('RFC 7636, S256'),
    }),
    response: z.object({
      authorizationUrl: z.string().describe('where to send the browser'),
      state: z.string().describe('comes back with the code; compare it'),
      expiresAt: fields.time,
    }),
    problems: ['auth.login_provider_unknown', 'auth.login_provider_unavailable', 'auth.redirect_not_allowed'],
  }),
  finishLogin: defineRoute({
    operationId: 'finishLogin',
    method: 'POST',
    path: '/v1/login/oidc/finish',
    summary: 'End a login with what came back to the redirect URI, once',
    permission: 'public',
    secretResponse: true,
    status: 201,
    body: z.strictObject({
      state: opaque,
      code: opaque,
      codeVerifier,
      iss: z.string().max(2048).optional().describe('as it came back (RFC 9207)'),
    }),
    response: loginSchema,
    problems: [...refusals, 'auth.login_state_invalid', 'auth.login_code_refused'],
  }),
  exchangeIdToken: defineRoute({
    operationId: 'exchangeIdToken',
    method: 'POST',
    path: '/v1/login/oidc/exchange',
    summary: 'Log in with a fresh ID token, once; for the device flow of the command line',
    permission: 'public',
    secretResponse: true,
    status: 201,
    body: z.strictObject({ provider: providerId, idToken: z.string().min(1).max(16_384) }),
    response: loginSchema,
    problems: [...refusals, 'auth.id_token_spent'],
  }),
  refreshLogin: defineRoute({
    operationId: 'refreshLogin',
    method: 'POST',
    path: '/v1/login/refresh',
    summary: 'A new token of the same login; a refresh token that is used twice ends the login',
    permission: 'public',
    secretResponse: true,
    body: z.strictObject({ refreshToken: opaque }),
    response: loginSchema,
    problems: ['auth.refresh_token_invalid', 'auth.login_principal_disabled', 'auth.login_tenant_suspended'],
  }),
  endLogin: defineRoute({
    operationId: 'endLogin',
    method: 'POST',
    path: '/v1/login/logout',
    summary: 'End a login: its refresh token is of no more use; a token of it ends by itself',
    permission: 'public',
    status: 204,
    body: z.strictObject({ refreshToken: opaque }),
    response: z.null(),
  }),
} as const;
