import { type HttpContract, defineRoute } from '../define-route.js';
import { gatewayOperationsSchema } from './operations.js';

export const gatewayRoutes = {
  getGatewayOperations: defineRoute({
    operationId: 'getGatewayOperations',
    method: 'GET',
    path: '/v1/operations/gateway',
    summary: 'How the gateway is, and which services and replicas it sees ready',
    permission: 'operations:read',
    scope: 'platform',
    response: gatewayOperationsSchema,
  }),
} as const;

export const gatewayHttp: HttpContract = {
  service: 'gateway',
  title: 'Gateway',
  description: 'What the public entrance answers itself; all else it forwards.',
  routes: gatewayRoutes,
};
