import { realtimeRoutes, type RouteResponse } from '@myriad/contracts';
import { Handle } from '@myriad/http';
import { Controller } from '@nestjs/common';
import { realtimeProblem } from '../application/realtime-problem.js';
import { Readiness } from '../application/readiness.port.js';
import { SERVER_METADATA } from '../application/server-metadata.js';

/** What is said of the server. */
@Controller()
export class ServerController {
  constructor(private readonly readiness: Readiness) {}

  @Handle(realtimeRoutes.serverMetadata)
  metadata(): RouteResponse<typeof realtimeRoutes.serverMetadata> {
    return SERVER_METADATA;
  }

  @Handle(realtimeRoutes.serverLive)
  live(): RouteResponse<typeof realtimeRoutes.serverLive> {
    // Triton's clients look at the status alone, KServe's at the body
    return { live: true };
  }

  @Handle(realtimeRoutes.serverReady)
  ready(): RouteResponse<typeof realtimeRoutes.serverReady> {
    if (this.readiness.isReady) return { ready: true };
    throw realtimeProblem('unavailable', 'not_ready', 'the placements are still being read', { retryAfterSeconds: 1 });
  }
}
