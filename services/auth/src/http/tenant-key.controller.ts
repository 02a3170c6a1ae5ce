import {
  authRoutes,
  type RouteBody as Body,
  type RouteParams as Params,
  type RouteResponse as Response,
} from '@myriad/contracts';
import { Ctx, Handle, RouteBody, RouteParams } from '@myriad/http';
import { type RequestContext, tenantId } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { PurgeTenant } from '../application/purge-tenant.js';
import { RotateTenantKey } from '../application/rotate-tenant-key.js';
import { purgeStatus, type TenantPurge } from '../domain/tenant-purge.js';

/** The key of a tenant's bytes: a new version, or its end. */
@Controller()
export class TenantKeyController {
  constructor(
    private readonly rotateKey: RotateTenantKey,
    private readonly purgeTenant: PurgeTenant,
  ) {}

  @Handle(authRoutes.rotateTenantKey)
  async rotate(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: Params<typeof authRoutes.rotateTenantKey>,
  ): Promise<Response<typeof authRoutes.rotateTenantKey>> {
    const { requestedAt } = await this.rotateKey.execute(ctx, tenantId(params.tenantId));
    return { tenantId: params.tenantId, requestedAt: requestedAt.toISOString() };
  }

  @Handle(authRoutes.purgeTenant)
  async purge(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: Params<typeof authRoutes.purgeTenant>,
    @RouteBody() body: Body<typeof authRoutes.purgeTenant>,
  ): Promise<Response<typeof authRoutes.purgeTenant>> {
    return purgeView(await this.purgeTenant.execute(ctx, tenantId(params.tenantId), body.confirm));
  }

  @Handle(authRoutes.getTenantPurge)
  async get(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: Params<typeof authRoutes.getTenantPurge>,
  ): Promise<Response<typeof authRoutes.getTenantPurge>> {
    return purgeView(await this.purgeTenant.get(ctx, tenantId(params.tenantId)));
  }
}

function purgeView(purge: TenantPurge): Response<typeof authRoutes.getTenantPurge> {
  const { requestedAt, confirmedAt, receipt, ...more } = purge;
  return {
    ...more,
    status: purgeStatus(purge),
    requestedAt: requestedAt.toISOString(),
    confirmedAt: confirmedAt?.toISOString() ?? null,
    receipt: receipt && { ...receipt, keys: receipt.keys && { ...receipt.keys } },
  };
}
