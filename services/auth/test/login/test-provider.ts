import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import Provider, { type HookContext } from 'oidc-provider';

/** Where the workbench would be; nobody listens there. */
export const REDIRECT_URI = 'http://127.0.0.1:9/login/callback';
export const SECRET = 'a-client-secret-of-this-test';

const CLIENTS = [
  {
    client_id: 'workbench',
    client_secret: SECRET,
    redirect_uris: [REDIRECT_URI],
    id_token_signed_response_alg: 'ES256',
  },
  {
    client_id: 'cli',
    token_endpoint_auth_method: 'none',
    application_type: 'native',
    grant_types: ['urn:ietf:params:oauth:grant-type:device_code'],
    response_types: [],
    redirect_uris: [],
    id_token_signed_response_alg: 'ES256',
  },
];

export interface Person {
  readonly groups?: unknown;
  readonly org?: string;
  readonly name?: string;
  readonly email?: string;
}

/** A real OpenID Connect provider (npm `oidc-provider`) on a socket of this machine, with one key and people that the test makes. */
export class TestProvider {
  readonly people = new Map<string, Person>();
  /** Who logs in when the provider asks. */
  person = 'ann';
  /** How often the key set was fetched. */
  keyFetches = 0;
  readonly issuer: string;
  private keys: JWK[] = [];
  private answer: ReturnType<Provider['callback']> = () => Promise.resolve();
  private provider!: Provider;

  private constructor(private readonly server: Server) {
    this.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => {
      if (request.url === '/jwks') this.keyFetches += 1;
      if (request.url?.startsWith('/interaction/') === true) {
        const said = { login: { accountId: this.person }, consent: {} };
        void this.provider.interactionFinished(request, response, said);
        return;
      }
      void this.answer(request, response);
    });
  }

  static async start(): Promise<TestProvider> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const provider = new TestProvider(server);
    await provider.rotateKey('first');
    return provider;
  }

  /** Signs with a new key from now on; the ones before are gone from the key set. */
  async rotateKey(kid: string): Promise<void> {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    this.keys = [{ ...(await exportJWK(privateKey)), kid, alg: 'ES256', use: 'sig' }];
    const { warn, info } = console;
    console.warn = console.info = () => undefined; // that its store is in memory and its pages are plain
    this.provider = new Provider(this.issuer, this.configuration());
    Object.assign(console, { warn, info });
    this.answer = this.provider.callback();
  }

  /** The public key, as the key set shows it. */
  get publicJwk(): JWK {
    return Object.fromEntries(Object.entries(this.keys[0]!).filter(([name]) => name !== 'd'));
  }

  /** An ID token signed as the provider would, with whatever claims. */
  async sign(claims: object, atMs: number, key: JWK = this.keys[0]!): Promise<string> {
    const now = Math.floor(atMs / 1000);
    const all: Record<string, unknown> = {
      iss: this.issuer,
      aud: 'cli',
      sub: 'ann',
      iat: now,
      exp: now + 300,
      groups: ['staff'],
      ...claims,
    };
    const present = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    return new SignJWT(present)
      .setProtectedHeader({ alg: 'ES256', kid: key.kid ?? 'first' })
      .sign(await importJWK(key, 'ES256'));
  }

  get signingKey(): JWK {
    return this.keys[0]!;
  }

  close(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => {
      this.server.close(() => {
        resolve();
      });
    });
  }

  private configuration(): object {
    return {
      clients: CLIENTS,
      jwks: { keys: this.keys },
      cookies: { keys: ['of this test'] },
      pkce: { required: () => true },
      conformIdTokenClaims: false,
      claims: { openid: ['sub', 'groups', 'org'], profile: ['name'], email: ['email'] },
      features: { devInteractions: { enabled: false }, deviceFlow: { enabled: true } },
      interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
      ttl: { IdToken: 300, AccessToken: 300, Session: 300, Interaction: 300, Grant: 300, DeviceCode: 300 },
      findAccount: (_: unknown, id: string) => ({
        accountId: id,
        claims: () => ({ sub: id, ...this.people.get(id) }),
      }),
      loadExistingGrant: async ({ oidc }: HookContext) => {
        const grant = new oidc.provider.Grant({
          clientId: oidc.client.clientId,
          accountId: oidc.session.accountId,
        });
        grant.addOIDCScope('openid profile email');
        await grant.save();
        return grant;
      },
    };
  }
}
