import { z } from 'zod';
import { ENVIRONMENTS } from './services.js';

/** Variables by which a caller could run other code or reach other data than a serving process does. */
const FORBIDDEN =
  /^(NODE_|LD_|DYLD_|PATH$|DATABASE_|EVENT_LOG|OBJECT_|KMS_|KAFKA_|S3_|SUPERVISOR_|INTERNAL_|HOST$|PORT$|GRPC_PORT$)/;

/** What the deployer asks for: a serving process with these variables. */
export const replicaSpecSchema = z.strictObject({
  service: z.literal('realtime'),
  env: z
    .record(z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/), z.string().max(4_096))
    .refine(
      (env) => Object.keys(env).every((name) => !FORBIDDEN.test(name)),
      'sets a variable that only the supervisor sets',
    )
    .refine(
      (env) => z.enum(ENVIRONMENTS).safeParse(env['ENVIRONMENT']).success,
      `needs ENVIRONMENT, one of ${ENVIRONMENTS.join(', ')}`,
    ),
});
export type ReplicaSpec = z.infer<typeof replicaSpecSchema>;

export const REPLICA_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

const port = z.int().min(1).max(65_535);

/** A serving process that is wanted, as it is written down; its ports stay the same for as long as it is wanted. Earlier versions gave none for gRPC. */
export const desiredReplicasSchema = z.record(
  z.string().regex(REPLICA_NAME),
  z.object({ spec: replicaSpecSchema, port, grpcPort: port.optional() }),
);
export type DesiredReplica = z.infer<typeof desiredReplicasSchema>[string];

/** A serving process as the control door shows it. */
export interface ReplicaStatus {
  readonly name: string;
  readonly url: string;
  readonly grpcPort?: number | undefined;
  readonly pid: number | null;
  /** `failed`: its configuration is wrong, so it is not started again until it is asked for anew. A crashed one is `starting`. */
  readonly status: 'starting' | 'ready' | 'failed';
  readonly restarts: number;
}
