import { z } from 'zod';
import { deployerProblem } from '../../domain/deployer-problem.js';
import type { ReplicaRequest, ReplicaState, ServingCapacity } from '../../application/ports.js';

const replicaSchema = z.object({
  url: z.url(),
  grpcPort: z.int().optional(),
  status: z.enum(['starting', 'ready', 'failed']),
});

export interface SupervisorOptions {
  /** Base URL of the supervisor's control door. */
  readonly url: string;
  readonly token: string;
  /** Longest wait for an answer, milliseconds. */
  readonly timeoutMs: number;
  /** By pool: the server that runs its models for the replicas; they run those of other pools themselves. */
  readonly remoteUrls?: Readonly<Record<string, string>>;
}

/** Serving capacity on one machine: `realtime` processes kept alive by the supervisor of apps/standalone. */
export class SupervisorCapacity implements ServingCapacity {
  constructor(private readonly options: SupervisorOptions) {}

  async ensure(request: ReplicaRequest): Promise<ReplicaState> {
    const remoteUrl = this.options.remoteUrls?.[request.pool];
    const answer = await this.call('PUT', request.replicaId, {
      service: 'realtime',
      env: {
        ENVIRONMENT: request.environment,
        POOL: request.pool,
        REPLICA_ID: request.replicaId,
        MEMORY_LIMIT_BYTES: String(request.memoryLimitBytes),
        ...(remoteUrl === undefined ? {} : { REMOTE_URL: remoteUrl }),
      },
    });
    return { replicaId: request.replicaId, ...replicaSchema.parse(answer) };
  }

  async remove(replicaId: string): Promise<void> {
    await this.call('DELETE', replicaId);
  }

  private async call(method: 'PUT' | 'DELETE', replicaId: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.options.url}/replicas/${encodeURIComponent(replicaId)}`, {
      method,
      headers: {
        authorization: `Bearer ${this.options.token}`,
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      signal: AbortSignal.timeout(this.options.timeoutMs),
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (method === 'DELETE' && response.status === 404) return undefined;
    const text = await response.text();
    if (!response.ok)
      throw deployerProblem(
        'unavailable',
        'capacity_refused',
        `the supervisor answered ${response.status} to ${method} ${replicaId}: ${text.slice(0, 200)}`,
      );
    return text === '' ? undefined : JSON.parse(text);
  }
}
