import {
  authRoutes,
  type RouteBody as Body,
  type RouteParams as Params,
  type RouteQuery as Query,
  type RouteResponse as Response,
} from '@myriad/contracts';
import { Ctx, Handle, RouteBody, RouteParams, RouteQuery } from '@myriad/http';
import { type RequestContext, mapPage, tenantId } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { CreateTenant } from '../application/create-tenant.js';
import { FindTenants } from '../application/find-tenants.js';
import { UpdateTenant } from '../application/update-tenant.js';
import type { TenantChange } from '../domain/tenant.js';
import { tenantView } from './views.js';

@Controller()
export class TenantController {
  constructor(
    private readonly createTenant: CreateTenant,
    private readonly updateTenant: UpdateTenant,
    private readonly tenants: FindTenants,
  ) {}

  @Handle(authRoutes.createTenant)
  async create(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: Body<typeof authRoutes.createTenant>,
  ): Promise<Response<typeof authRoutes.createTenant>> {
    return tenantView(await this.createTenant.execute(ctx, { ...body, tenantId: tenantId(body.tenantId) }));
  }

  @Handle(authRoutes.listTenants)
  async list(
    @Ctx() ctx: RequestContext,
    @RouteQuery() query: Query<typeof authRoutes.listTenants>,
  ): Promise<Response<typeof authRoutes.listTenants>> {
    return mapPage(await this.tenants.list(ctx, query), tenantView);
  }

  @Handle(authRoutes.getTenant)
  async get(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: Params<typeof authRoutes.getTenant>,
  ): Promise<Response<typeof authRoutes.getTenant>> {
    return tenantView(await this.tenants.get(ctx, tenantId(params.tenantId)));
  }

  @Handle(authRoutes.updateTenant)
  async update(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: Params<typeof authRoutes.updateTenant>,
    @RouteBody() body: Body<typeof authRoutes.updateTenant>,
  ): Promise<Response<typeof authRoutes.updateTenant>> {
    return tenantView(await this.updateTenant.execute(ctx, tenantId(params.tenantId), body as TenantChange));
  }
}
