import {
  ROLES,
  authRoutes,
  permissionsOf,
  type RouteBody as Body,
  type RouteParams as Params,
  type RouteQuery as Query,
  type RouteResponse as Response,
  type Role,
} from '@myriad/contracts';
import { Ctx, Handle, RouteBody, RouteParams, RouteQuery } from '@myriad/http';
import { type PrincipalId, type RequestContext, mapPage } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { CreatePrincipal } from '../application/create-principal.js';
import { FindPrincipals } from '../application/find-principals.js';
import { UpdatePrincipal } from '../application/update-principal.js';
import type { PrincipalChange } from '../domain/principal.js';
import { principalView } from './views.js';

@Controller()
export class PrincipalController {
  constructor(
    private readonly createPrincipal: CreatePrincipal,
    private readonly updatePrincipal: UpdatePrincipal,
    private readonly principals: FindPrincipals,
  ) {}

  @Handle(authRoutes.createPrincipal)
  async create(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: Body<typeof authRoutes.createPrincipal>,
  ): Promise<Response<typeof authRoutes.createPrincipal>> {
    return principalView(await this.createPrincipal.execute(ctx, body));
  }

  @Handle(authRoutes.listPrincipals)
  async list(
    @Ctx() ctx: RequestContext,
    @RouteQuery() query: Query<typeof authRoutes.listPrincipals>,
  ): Promise<Response<typeof authRoutes.listPrincipals>> {
    return mapPage(await this.principals.list(ctx, query), principalView);
  }

  @Handle(authRoutes.getMe)
  async me(@Ctx() ctx: RequestContext): Promise<Response<typeof authRoutes.getMe>> {
    const permissions = [...ctx.principal.permissions].sort();
    return { ...principalView(await this.principals.me(ctx)), actingTenantId: ctx.tenantId, permissions };
  }

  @Handle(authRoutes.getPrincipal)
  async get(
    @Ctx() ctx: RequestContext,
    @RouteParams() { principalId }: Params<typeof authRoutes.getPrincipal>,
  ): Promise<Response<typeof authRoutes.getPrincipal>> {
    return principalView(await this.principals.get(ctx, principalId as PrincipalId));
  }

  @Handle(authRoutes.updatePrincipal)
  async update(
    @Ctx() ctx: RequestContext,
    @RouteParams() { principalId }: Params<typeof authRoutes.updatePrincipal>,
    @RouteBody() body: Body<typeof authRoutes.updatePrincipal>,
  ): Promise<Response<typeof authRoutes.updatePrincipal>> {
    const change = body as PrincipalChange;
    return principalView(await this.updatePrincipal.execute(ctx, principalId as PrincipalId, change));
  }

  @Handle(authRoutes.putBindings)
  async putBindings(
    @Ctx() ctx: RequestContext,
    @RouteParams() { principalId }: Params<typeof authRoutes.putBindings>,
    @RouteBody() { bindings }: Body<typeof authRoutes.putBindings>,
  ): Promise<Response<typeof authRoutes.putBindings>> {
    return principalView(await this.updatePrincipal.execute(ctx, principalId as PrincipalId, { bindings }));
  }

  @Handle(authRoutes.listRoles)
  roles(): Response<typeof authRoutes.listRoles> {
    const roles = Object.keys(ROLES) as Role[];
    return { items: roles.map((role) => ({ role, permissions: [...permissionsOf(role)] })) };
  }
}
