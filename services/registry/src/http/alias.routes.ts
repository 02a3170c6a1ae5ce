import { registryRoutes as routes } from '@myriad/contracts';
import { type DirectCall, directDoorOf } from '@myriad/http';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AliasCache, type KnownAlias } from '../application/alias-cache.js';
import { presentAlias } from './presenters.js';

/** Where an alias points now: past Nest and Fastify, by the direct door of libs/http. */
@Injectable()
export class AliasRoutes implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly cache: AliasCache,
  ) {}

  onModuleInit(): void {
    directDoorOf(this.host.httpAdapter).add(routes.getAlias, (call) => {
      const found = this.cache.find(call.context, call.params.name, call.params.alias);
      return found instanceof Promise ? found.then((late) => sendable(late, call)) : sendable(found, call);
    });
  }
}

function sendable({ alias, staleSeconds }: KnownAlias, call: DirectCall<unknown>): string {
  if (staleSeconds !== undefined) call.setHeader('x-myriad-stale', `${staleSeconds}`);
  return JSON.stringify(presentAlias(alias));
}
