import type { RouteResponse, gatewayRoutes } from '@myriad/contracts';
import { processReport } from '@myriad/telemetry';
import type { Seen, ServiceWatch } from '../application/service-watch.js';

import type { Exchange } from './exchange.js';

type Operations = RouteResponse<typeof gatewayRoutes.getGatewayOperations>;

/** Answers `GET /v1/operations/gateway`. */
export function answerOperations({ response, headers }: Exchange, watch: ServiceWatch): void {
  const body = JSON.stringify(operationsOf(watch));
  const own = { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) };
  response.writeHead(200, { ...headers, ...own });
  response.end(body);
}

function operationsOf(watch: ServiceWatch): Operations {
  return {
    ...processReport(),
    service: 'gateway',
    services: watch.services().map(viewOf),
    replicas: watch.replicas().map(viewOf),
  };
}

function viewOf<T extends Seen>({ sinceMs, ...seen }: T): Omit<T, 'sinceMs'> & { since: string } {
  return { ...seen, since: new Date(sinceMs).toISOString() };
}
