import { type RouteParams as ParamsOf, type RouteResponse, mlflowRoutes as routes } from '@myriad/contracts';
import { Ctx, Handle, RouteParams } from '@myriad/http';
import type { RequestContext } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { trainingProblem } from '../../domain/training-problem.js';

type Routes = typeof routes;

/** What MLflow's clients ask of a server before they ask for more. A workspace is a tenant: the gateway has seen to it that the caller may act there. */
@Controller()
export class MlflowServerController {
  @Handle(routes.mlflowServerInfo)
  info(): RouteResponse<Routes['mlflowServerInfo']> {
    return {
      store_type: 'myriad',
      artifact_serving_enabled: true,
      workspaces_enabled: true,
      trace_archival_enabled: false,
      multipart_uploads_enabled: false,
      multipart_downloads_enabled: false,
    };
  }

  @Handle(routes.mlflowListWorkspaces)
  list(@Ctx() ctx: RequestContext): RouteResponse<Routes['mlflowListWorkspaces']> {
    return { workspaces: [{ name: ctx.tenantId }] };
  }

  @Handle(routes.mlflowGetWorkspace)
  get(
    @Ctx() ctx: RequestContext,
    @RouteParams() { workspaceName }: ParamsOf<Routes['mlflowGetWorkspace']>,
  ): RouteResponse<Routes['mlflowGetWorkspace']> {
    if (workspaceName === ctx.tenantId) return { workspace: { name: workspaceName } };
    throw trainingProblem('not-found', 'workspace_not_found', `Workspace '${workspaceName}' not found`);
  }
}
