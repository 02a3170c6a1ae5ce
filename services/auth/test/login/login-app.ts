import { createHash, randomBytes } from 'node:crypto';
import { authRoutes, type RouteResponse } from '@myriad/contracts';
import { FakeClock } from '@myriad/kernel';
import { providerSettings } from '../../src/adapters/oidc/provider-settings.js';
import { AuthApp, type Answer } from '../auth-app.js';
import { Browser } from './browser.js';
import { REDIRECT_URI, SECRET, TestProvider } from './test-provider.js';

type Login = RouteResponse<typeof authRoutes.finishLogin>;
type Records = RouteResponse<typeof authRoutes.listAudit>['items'];

/** What comes back to the workbench, with what it kept. */
export interface Authorized {
  readonly code: string;
  readonly state: string;
  readonly codeVerifier: string;
  readonly iss?: string;
  readonly started: RouteResponse<typeof authRoutes.startLogin>;
}

/** The auth service that relies on a real provider, in two ways: as the provider of tenant `aa`, and of tenants that a claim names. */
export class LoginApp {
  private constructor(
    readonly auth: AuthApp,
    readonly provider: TestProvider,
  ) {}

  static async start(): Promise<LoginApp> {
    const provider = await TestProvider.start();
    provider.people.set('ann', { groups: ['staff'], name: 'Ann', email: 'ann@example.com' });
    const auth = await AuthApp.start(settingsFor(provider.issuer), new FakeClock(Date.now()));
    for (const tenantId of ['aa', 'bb', 'cc'])
      await auth.call(authRoutes.createTenant, { body: { tenantId, displayName: tenantId } });
    return new LoginApp(auth, provider);
  }

  /** The provider goes by the machine's clock: the service's must not be behind. */
  catchUp(): void {
    this.auth.clock.advance(Math.max(0, Date.now() - this.auth.clock.nowMs()));
  }

  /** Begins a login and goes through the provider as `person`. */
  async authorize(
    person = 'ann',
    provider = 'corp',
    change: (url: URL) => void = () => undefined,
  ): Promise<Authorized> {
    this.catchUp();
    const codeVerifier = randomBytes(32).toString('base64url');
    const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
    const started = await this.auth.call(authRoutes.startLogin, {
      body: { provider, redirectUri: REDIRECT_URI, codeChallenge },
    });
    const url = new URL(started.body.authorizationUrl);
    change(url);
    this.provider.person = person;
    const { url: back } = await new Browser().open(url.href);
    const { code = '', state = '', iss } = Object.fromEntries(back.searchParams);
    return { code, state, codeVerifier, ...(iss === undefined ? {} : { iss }), started: started.body };
  }

  /** A whole login. */
  async login(person = 'ann', provider = 'corp'): Promise<Answer<Login>> {
    const { started: _, ...answer } = await this.authorize(person, provider);
    return this.auth.call(authRoutes.finishLogin, { body: answer });
  }

  /** Tries an ID token. */
  async exchange(idToken: string, provider = 'corp'): Promise<Answer<Login>> {
    return this.auth.call(authRoutes.exchangeIdToken, { body: { provider, idToken } });
  }

  /** An ID token of the device client, as of the service's clock. */
  idToken(claims: object = {}): Promise<string> {
    return this.provider.sign({ jti: randomBytes(8).toString('hex'), ...claims }, this.auth.clock.nowMs());
  }

  async audit(tenantId: string, action: string): Promise<Records> {
    const { body } = await this.auth.call(authRoutes.listAudit, { as: { tid: tenantId }, query: { action } });
    return body.items;
  }

  async close(): Promise<void> {
    await this.auth.close();
    await this.provider.close();
  }
}

function settingsFor(issuer: string) {
  const client = {
    issuer,
    clientId: 'workbench',
    clientSecret: 'env:SECRET_OF_CORP',
    deviceClientId: 'cli',
    redirectUris: [REDIRECT_URI],
    algorithms: ['ES256'],
  };
  const roles = [
    { group: 'staff', role: 'data-scientist' },
    { group: 'deciders', role: 'approver', environment: 'production' },
  ];
  const list = [
    { id: 'corp', tenant: 'aa', roles, ...client },
    { id: 'shared', tenant: { claim: 'org', allowed: ['bb', 'nowhere'] }, roles, isListed: false, ...client },
    { id: 'open', tenant: { claim: 'org', allowed: '*' }, roles, isRoleOptional: true, ...client },
    {
      id: 'ops',
      tenant: 'platform',
      roles: [{ group: 'root', role: 'platform-admin', tenantId: '*' }],
      ...client,
    },
  ];
  return providerSettings(JSON.stringify(list), { SECRET_OF_CORP: SECRET });
}
