import {
  realtimeRoutes,
  type RouteBody as BodyOf,
  type RouteParams as ParamsOf,
  type RouteResponse,
} from '@myriad/contracts';
import { Ctx, Handle, RouteBody, RouteParams } from '@myriad/http';
import type { RequestContext } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { ManageRepository } from '../application/manage-repository.js';
import { assertMayRead } from '../application/may-read.js';
import { LOG_SETTINGS, TRACE_SETTINGS, refuseChange } from '../application/server-settings.js';

type Index = RouteResponse<typeof realtimeRoutes.repositoryIndex>;
type ByModel = ParamsOf<typeof realtimeRoutes.loadModel>;
type LoadBody = BodyOf<typeof realtimeRoutes.loadModel>;
type Settings = Readonly<Record<string, unknown>>;

/** The repository of models, and settings of the server. */
@Controller()
export class RepositoryController {
  constructor(private readonly repository: ManageRepository) {}

  @Handle(realtimeRoutes.repositoryIndex)
  index(@Ctx() ctx: RequestContext): Index {
    assertMayRead(ctx);
    return this.repository
      .list(ctx)
      .map(({ modelName, version }) => ({ name: modelName, version: String(version), state: 'READY', reason: '' }));
  }

  @Handle(realtimeRoutes.loadModel)
  load(@Ctx() ctx: RequestContext, @RouteParams() { model }: ByModel, @RouteBody() body: LoadBody): Promise<void> {
    return this.repository.load(ctx, model, Object.keys(body.parameters ?? {}));
  }

  @Handle(realtimeRoutes.unloadModel)
  unload(@Ctx() ctx: RequestContext, @RouteParams() { model }: ByModel): void {
    this.repository.unload(ctx, model);
  }

  @Handle(realtimeRoutes.traceSetting)
  trace(): Settings {
    return TRACE_SETTINGS;
  }

  @Handle(realtimeRoutes.updateTraceSetting)
  updateTrace(@RouteBody() settings: Settings): Settings {
    refuseChange(settings, TRACE_SETTINGS);
    return TRACE_SETTINGS;
  }

  @Handle(realtimeRoutes.logSetting)
  log(): Settings {
    return LOG_SETTINGS;
  }

  @Handle(realtimeRoutes.updateLogSetting)
  updateLog(@RouteBody() settings: Settings): Settings {
    refuseChange(settings, LOG_SETTINGS);
    return LOG_SETTINGS;
  }
}
