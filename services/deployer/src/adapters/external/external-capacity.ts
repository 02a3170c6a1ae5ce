import type { TlsFiles, TlsMaterial } from '@myriad/http';
import { Agent, fetch } from 'undici';
import type { ReplicaRequest, ReplicaState, ServingCapacity } from '../../application/ports.js';

export interface ExternalCapacityOptions {
  /** Longest wait for an answer, milliseconds. Default 2,000. */
  readonly timeoutMs?: number;
  /** Where all replicas speak gRPC; absent: nowhere. */
  readonly grpcPort?: number | undefined;
  /** With it, replicas are asked over mutual TLS. */
  readonly tls?: Pick<TlsFiles, 'current'> | undefined;
}

/** Replicas that somebody else runs (Compose, a Deployment): known by their address, ready when they say so. */
export class ExternalCapacity implements ServingCapacity {
  private agent: { readonly material: TlsMaterial; readonly agent: Agent } | undefined;

  /** @param urlTemplate `{environment}` and `{pool}` are filled in. */
  constructor(
    private readonly urlTemplate: string,
    private readonly options: ExternalCapacityOptions = {},
  ) {}

  async ensure(request: ReplicaRequest): Promise<ReplicaState> {
    const url = this.urlTemplate.replaceAll('{environment}', request.environment).replaceAll('{pool}', request.pool);
    const signal = AbortSignal.timeout(this.options.timeoutMs ?? 2000);
    const dispatcher = this.dispatcher();
    const isReady = await fetch(`${url}/v2/health/ready`, { signal, ...(dispatcher && { dispatcher }) }).then(
      (response) => response.ok,
      () => false,
    );
    const { grpcPort } = this.options;
    return { replicaId: request.replicaId, url, grpcPort, status: isReady ? 'ready' : 'starting' };
  }

  remove(): Promise<void> {
    return Promise.resolve();
  }

  /** One for each certificate: what is open ends with its requests. */
  private dispatcher(): Agent | undefined {
    const material = this.options.tls?.current;
    if (material === undefined) return undefined;
    if (this.agent?.material !== material) {
      void this.agent?.agent.close();
      this.agent = { material, agent: new Agent({ connect: { ...material, minVersion: 'TLSv1.3' } }) };
    }
    return this.agent.agent;
  }
}
