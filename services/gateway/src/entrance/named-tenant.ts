import { gatewayProblem } from '../domain/gateway-problem.js';
import type { Arrival } from './arrival.js';
import type { RouteTarget } from './route-targets.js';

/**
 * The tenant that a request names: by `X-Myriad-Tenant`, and for MLflow's clients by `X-MLFLOW-WORKSPACE` or a prefix of the path. All are as
 * strong: the caller's bindings decide whether it may act there. @throws {ProblemError} `gateway.tenants_differ`
 */
export function namedTenant(exchange: Arrival, { route }: RouteTarget): string | undefined {
  const header = exchange.header('x-myriad-tenant');
  if (route.dialect !== 'mlflow') return header;
  const named = [header, exchange.header('x-mlflow-workspace'), exchange.pathTenantId].filter(
    (tenantId) => tenantId !== undefined,
  );
  const [first] = named;
  if (named.every((tenantId) => tenantId === first)) return first;
  const detail = 'X-Myriad-Tenant, X-MLFLOW-WORKSPACE and the prefix of the path name different tenants; name one';
  throw gatewayProblem('invalid', 'tenants_differ', detail);
}
