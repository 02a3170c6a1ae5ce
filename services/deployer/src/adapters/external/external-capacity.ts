import type { ReplicaRequest, ReplicaState, ServingCapacity } from '../../application/ports.js';

/** Replicas that somebody else runs (Compose, a Deployment): known by their address, ready when they say so. */
export class ExternalCapacity implements ServingCapacity {
  /** @param urlTemplate `{environment}` and `{pool}` are filled in. */
  constructor(
    private readonly urlTemplate: string,
    private readonly timeoutMs = 2000,
  ) {}

  async ensure(request: ReplicaRequest): Promise<ReplicaState> {
    const url = this.urlTemplate.replaceAll('{environment}', request.environment).replaceAll('{pool}', request.pool);
    const isReady = await fetch(`${url}/v2/health/ready`, { signal: AbortSignal.timeout(this.timeoutMs) }).then(
      (response) => response.ok,
      () => false,
    );
    return { replicaId: request.replicaId, url, status: isReady ? 'ready' : 'starting' };
  }

  remove(): Promise<void> {
    return Promise.resolve();
  }
}
