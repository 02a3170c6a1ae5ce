import type { HttpContract } from '../define-route.js';
import { batchHttp } from './batch.js';
import { deployerHttp } from './deployer.js';
import { evaluatorHttp } from './evaluator.js';
import { registryHttp } from './registry.js';
import { trainingHttp } from './training.js';

/** The public operations of every service, from which OpenAPI is printed and the gateway routes. */
export const httpContracts: readonly HttpContract[] = [
  registryHttp,
  trainingHttp,
  evaluatorHttp,
  deployerHttp,
  batchHttp,
];
