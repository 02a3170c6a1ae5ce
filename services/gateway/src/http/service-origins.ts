import { ENVIRONMENTS } from '../application/open-session.js';
import type { PlacementTable } from '../application/placement-table.js';
import { gatewayProblem } from '../domain/gateway-problem.js';
import type { Exchange } from './exchange.js';
import type { RouteTarget } from './route-targets.js';

/** `/v2/models/<model>/…`, or `/v1/serving/explain?…model=<model>` */
const MODEL = /^\/v2\/models\/([^/?]+)|^\/v1\/serving\/[^?]*\?(?:[^#]*&)?model=([^&#]+)/;

/** Base URLs: of a service by its name, of a replica by the placement of the model that the path names, none of `tried` if there is another. */
export class ServiceOrigins {
  constructor(
    private readonly urls: Readonly<Record<string, string>>,
    private readonly placements: PlacementTable,
  ) {}

  /** @throws {ProblemError} `gateway.{model_not_placed,no_replica,service_unavailable,environment_unknown}` */
  of(exchange: Exchange, { service }: RouteTarget, tried: ReadonlySet<string>): string {
    if (service === 'realtime') return this.replica(exchange, tried);
    const url = this.urls[service];
    if (url !== undefined) return url;
    throw gatewayProblem('unavailable', 'service_unavailable', `the service '${service}' does not run here`);
  }

  private replica(exchange: Exchange, tried: ReadonlySet<string>): string {
    const { session, request } = exchange;
    if (session !== undefined) {
      const { tenantId, environment } = session;
      const [, inPath, inQuery] = MODEL.exec(request.url ?? '') ?? [];
      const modelName = inPath ?? inQuery;
      return modelName === undefined
        ? this.placements.anyReplica(environment, tried)
        : this.placements.replicaOf({ tenantId, environment, modelName }, tried);
    }
    const environment = exchange.header('x-myriad-environment') ?? 'production';
    if ((ENVIRONMENTS as readonly string[]).includes(environment))
      return this.placements.anyReplica(environment, tried);
    throw gatewayProblem('invalid', 'environment_unknown', `X-Myriad-Environment must be ${ENVIRONMENTS.join(', ')}`);
  }
}
