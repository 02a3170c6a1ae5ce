import { httpContracts, type HttpContract, type RouteDefinition } from '@myriad/contracts';
import { RouteTable } from '../domain/route-table.js';

/** Where a route leads. */
export interface RouteTarget {
  readonly service: string;
  readonly route: RouteDefinition;
  /** Predictions are audited by count. */
  readonly isPrediction: boolean;
  readonly isEventStream: boolean;
}

const DEFAULT_MAX_BODY_BYTES = 1_048_576;

/** All public operations of the services. */
export function routeTargets(contracts: readonly HttpContract[] = httpContracts): RouteTable<RouteTarget> {
  const table = new RouteTable<RouteTarget>();
  for (const { service, routes } of contracts) {
    for (const route of Object.values(routes)) {
      const isPrediction = service === 'realtime' && route.method === 'POST';
      const isEventStream = route.responseType === 'text/event-stream';
      table.add(route.method, route.path, { service, route, isPrediction, isEventStream });
    }
  }
  return table;
}

export function maxBodyBytes({ route }: RouteTarget): number {
  return route.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
}
