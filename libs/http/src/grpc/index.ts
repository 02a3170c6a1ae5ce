/** gRPC doors: for services that have one. Apart from the rest of the library, so that others need not load it. */
export { doorCredentials, isAllowed } from './door-credentials.js';
export { GrpcListener, MAX_MESSAGE_BYTES } from './grpc-listener.js';
export { grpcStatusOf } from './grpc-status.js';
export { inferenceMethods, type InferenceMethod } from './inference-methods.js';
export type { GrpcCall } from './server/grpc-call.js';
export { GrpcServer, type GrpcMethods, type StreamHandler, type UnaryHandler } from './server/grpc-server.js';
