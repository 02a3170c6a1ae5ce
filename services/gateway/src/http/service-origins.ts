import { ENVIRONMENTS } from '../application/open-session.js';
import type { PlacedModel, PlacementTable } from '../application/placement-table.js';
import { gatewayProblem } from '../domain/gateway-problem.js';
import type { Exchange } from './exchange.js';
import type { RouteTarget } from '../entrance/route-targets.js';

/** `/v2/models/<model>/…`, `/v2/repository/models/<model>/…`, or `/v1/serving/explain?…model=<model>` */
const MODEL = /^\/v2\/(?:repository\/)?models\/([^/?]+)|^\/v1\/serving\/[^?]*\?(?:[^#]*&)?model=([^&#]+)/;

/** Base URLs: of a service by its name, of a replica by the placement of the model that the path names, none of `tried` if there is another. */
export class ServiceOrigins {
  constructor(
    private readonly urls: Readonly<Record<string, string>>,
    private readonly placements: PlacementTable,
  ) {}

  /** Refuses what leads nowhere before its body is read; which replica takes it is decided when it is sent. @throws as {@link of} */
  check(exchange: Exchange, target: RouteTarget): void {
    const model = modelOf(exchange);
    if (target.service !== 'realtime') this.of(exchange, target, new Set());
    else if (model !== undefined) this.placements.assertPlaced(model);
  }

  /** @throws {ProblemError} `gateway.{model_not_placed,no_replica,service_unavailable,environment_unknown}` */
  of(exchange: Exchange, { service }: RouteTarget, tried: ReadonlySet<string>): string {
    if (service === 'realtime') return this.replica(exchange, tried);
    const url = this.urls[service];
    if (url !== undefined) return url;
    throw gatewayProblem('unavailable', 'service_unavailable', `the service '${service}' does not run here`);
  }

  private replica(exchange: Exchange, tried: ReadonlySet<string>): string {
    const { session } = exchange;
    if (session !== undefined) {
      const model = modelOf(exchange);
      return model === undefined
        ? this.placements.anyReplica(session.environment, tried)
        : this.placements.replicaOf(model, tried);
    }
    const environment = exchange.header('x-myriad-environment') ?? 'production';
    if ((ENVIRONMENTS as readonly string[]).includes(environment))
      return this.placements.anyReplica(environment, tried);
    throw gatewayProblem('invalid', 'environment_unknown', `X-Myriad-Environment must be ${ENVIRONMENTS.join(', ')}`);
  }
}

/** The model that a request is for, in its session's tenant and environment. */
export function modelOf({ session, request }: Exchange): PlacedModel | undefined {
  const [, inPath, inQuery] = MODEL.exec(request.url ?? '') ?? [];
  const modelName = inPath ?? inQuery;
  if (session === undefined || modelName === undefined) return undefined;
  const { tenantId, environment } = session;
  return { tenantId, environment, modelName };
}
