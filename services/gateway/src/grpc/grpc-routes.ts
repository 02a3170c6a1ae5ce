import { realtimeRoutes, type RouteDefinition } from '@myriad/contracts';
import { inferenceMethods, type InferenceMethod } from '@myriad/http/grpc';
import type { RouteTarget } from '../entrance/route-targets.js';

/** Which replicas a call goes to. */
export type Way =
  /** The one that owns the model, whose name is in one of these fields of the message: the first that says something. */
  | { readonly to: 'owner'; readonly nameFields: readonly number[] }
  /** All of the model's pool; their answers are one. */
  | { readonly to: 'pool'; readonly nameFields: readonly number[] }
  /** One of each pool; their answers are one. */
  | { readonly to: 'every-pool' }
  /** Any. */
  | { readonly to: 'any' };

export interface GrpcRoute {
  readonly method: InferenceMethod;
  readonly target: RouteTarget;
  readonly way: Way;
}

const byName = (to: 'owner' | 'pool', ...nameFields: number[]): Way => ({ to, nameFields });

/** The operation over HTTP that asks for the same right, and the way. A repository's calls have the name of the model in a second field, or, as KServe has them, in the first. */
const METHODS: Readonly<Record<string, readonly [operation: RouteDefinition, way: Way]>> = {
  ServerLive: [realtimeRoutes.serverLive, { to: 'any' }],
  ServerReady: [realtimeRoutes.serverReady, { to: 'any' }],
  ServerMetadata: [realtimeRoutes.serverMetadata, { to: 'any' }],
  ModelReady: [realtimeRoutes.modelReady, byName('owner', 1)],
  ModelMetadata: [realtimeRoutes.modelMetadata, byName('owner', 1)],
  ModelConfig: [realtimeRoutes.modelConfig, byName('owner', 1)],
  ModelInfer: [realtimeRoutes.infer, byName('owner', 1)],
  ModelStreamInfer: [realtimeRoutes.infer, byName('owner', 1)],
  ModelStatistics: [realtimeRoutes.modelStatistics, byName('pool', 1)],
  RepositoryIndex: [realtimeRoutes.repositoryIndex, { to: 'every-pool' }],
  RepositoryModelLoad: [realtimeRoutes.loadModel, byName('owner', 2, 1)],
  RepositoryModelUnload: [realtimeRoutes.unloadModel, byName('pool', 2, 1)],
  TraceSetting: [realtimeRoutes.traceSetting, { to: 'any' }],
  LogSettings: [realtimeRoutes.logSetting, { to: 'any' }],
};

/** Every method of the protocol by its name. */
export function grpcRoutes(): Readonly<Record<string, GrpcRoute>> {
  return Object.fromEntries(
    Object.entries(inferenceMethods()).map(([name, method]) => {
      const known = METHODS[name];
      if (known === undefined) throw new TypeError(`nothing says where ${name} goes`);
      const [operation, way] = known;
      const target: RouteTarget = {
        service: 'realtime',
        route: { ...operation, path: method.path },
        isPrediction: operation === realtimeRoutes.infer,
        isEventStream: false,
      };
      return [name, { method, target, way }];
    }),
  );
}
