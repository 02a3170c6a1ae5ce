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
  live(): void {
    // to answer is all there is to say
  }

  @Handle(realtimeRoutes.serverReady)
  ready(): void {
    if (this.readiness.isReady) return;
    throw realtimeProblem('unavailable', 'not_ready', 'the placements are still being read', { retryAfterSeconds: 1 });
  }
}
