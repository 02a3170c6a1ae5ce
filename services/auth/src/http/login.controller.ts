import {
  authRoutes,
  type RouteBody as Body,
  type RouteParams as Params,
  type RouteResponse as Response,
} from '@myriad/contracts';
import { Handle, RouteBody, RouteParams } from '@myriad/http';
import { Controller } from '@nestjs/common';
import { ExchangeIdToken } from '../application/exchange-id-token.js';
import { FindLoginProviders } from '../application/find-login-providers.js';
import { FinishLogin } from '../application/finish-login.js';
import type { Login } from '../application/open-login.js';
import { RefreshLogin } from '../application/refresh-login.js';
import { StartLogin } from '../application/start-login.js';
import type { LoginProvider } from '../domain/login-provider.js';

/** Logins: public, because who comes here has no token yet. */
@Controller()
export class LoginController {
  constructor(
    private readonly providers: FindLoginProviders,
    private readonly startLogin: StartLogin,
    private readonly finishLogin: FinishLogin,
    private readonly exchangeIdToken: ExchangeIdToken,
    private readonly refreshLogin: RefreshLogin,
  ) {}

  @Handle(authRoutes.listLoginProviders)
  list(): Response<typeof authRoutes.listLoginProviders> {
    return { items: this.providers.listed().map(providerView) };
  }

  @Handle(authRoutes.getLoginProvider)
  get(
    @RouteParams() { provider }: Params<typeof authRoutes.getLoginProvider>,
  ): Response<typeof authRoutes.getLoginProvider> {
    return providerView(this.providers.get(provider));
  }

  @Handle(authRoutes.startLogin)
  async start(@RouteBody() body: Body<typeof authRoutes.startLogin>): Promise<Response<typeof authRoutes.startLogin>> {
    const { authorizationUrl, state, expiresAt } = await this.startLogin.execute(body);
    return { authorizationUrl, state, expiresAt: expiresAt.toISOString() };
  }

  @Handle(authRoutes.finishLogin)
  async finish(
    @RouteBody() body: Body<typeof authRoutes.finishLogin>,
  ): Promise<Response<typeof authRoutes.finishLogin>> {
    return loginView(await this.finishLogin.execute(body));
  }

  @Handle(authRoutes.exchangeIdToken)
  async exchange(
    @RouteBody() { provider, idToken }: Body<typeof authRoutes.exchangeIdToken>,
  ): Promise<Response<typeof authRoutes.exchangeIdToken>> {
    return loginView(await this.exchangeIdToken.execute(provider, idToken));
  }

  @Handle(authRoutes.refreshLogin)
  async refresh(
    @RouteBody() { refreshToken }: Body<typeof authRoutes.refreshLogin>,
  ): Promise<Response<typeof authRoutes.refreshLogin>> {
    return loginView(await this.refreshLogin.execute(refreshToken));
  }

  @Handle(authRoutes.endLogin)
  async end(@RouteBody() { refreshToken }: Body<typeof authRoutes.endLogin>): Promise<null> {
    await this.refreshLogin.end(refreshToken);
    return null;
  }
}

function providerView({
  id,
  name,
  issuer,
  deviceClientId,
  scopes,
}: LoginProvider): Response<typeof authRoutes.getLoginProvider> {
  const device = deviceClientId === undefined ? null : { clientId: deviceClientId, scope: scopes.join(' ') };
  return { provider: id, name, issuer, device };
}

function loginView(login: Login): Response<typeof authRoutes.finishLogin> {
  const { principal, accessToken, expiresAt, refreshToken, sessionExpiresAt } = login;
  return {
    principalId: principal.principalId,
    tenantId: principal.homeTenantId,
    accessToken,
    expiresAt: expiresAt.toISOString(),
    ...(refreshToken === undefined ? {} : { refreshToken }),
    sessionExpiresAt: sessionExpiresAt.toISOString(),
  };
}
