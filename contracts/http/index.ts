import type { HttpContract } from '../define-route.js';
import { authHttp } from './auth.js';
import { batchHttp } from './batch.js';
import { deployerHttp } from './deployer.js';
import { evaluatorHttp } from './evaluator.js';
import { gatewayHttp } from './gateway.js';
import { realtimeHttp } from './realtime.js';
import { registryHttp } from './registry.js';
import { trainingHttp } from './training.js';

/** The public operations of every service, from which OpenAPI is printed and the gateway routes. */
export const httpContracts: readonly HttpContract[] = [
  authHttp,
  registryHttp,
  trainingHttp,
  evaluatorHttp,
  deployerHttp,
  realtimeHttp,
  batchHttp,
  gatewayHttp,
];
