import type { Clock } from '@myriad/kernel';
import { gauge } from '@myriad/telemetry';
import type { PlacementTable } from './placement-table.js';

const up = gauge('myriad_gateway_upstream_ready', 'Whether a service says that it is ready, 1 or 0');
const replicasReady = gauge('myriad_gateway_replicas_ready', 'Ready replicas of a pool');
const replicasKnown = gauge('myriad_gateway_replicas', 'Replicas that the deployer names for a pool');
const INTERVAL_MS = 5_000;

/** Asks one origin for its readiness. Resolves to why it is not ready, empty when it is; never fails. */
export type Probe = (origin: string) => Promise<string>;

/** How something stands. */
export interface Seen {
  readonly isReady: boolean;
  readonly reason: string;
  /** When `isReady` last changed, Unix milliseconds. */
  readonly sinceMs: number;
}

/** Looks every five seconds which services and replicas are ready, and remembers since when. */
export class ServiceWatch {
  private readonly seen = new Map<string, Seen>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: {
      readonly services: Readonly<Record<string, string>>;
      readonly placements: PlacementTable;
      readonly probe: Probe;
      readonly clock: Pick<Clock, 'nowMs'>;
    },
  ) {}

  start(): void {
    this.timer ??= setInterval(() => void this.look(), INTERVAL_MS).unref();
    void this.look();
  }

  close(): void {
    clearInterval(this.timer);
  }

  /** Looks now at all of them. */
  async look(): Promise<void> {
    const { services, placements } = this.options;
    const replicas = placements.replicas();
    const origins = [...new Set([...Object.values(services), ...replicas.map(({ url }) => url)])];
    for (const known of this.seen.keys()) if (!origins.includes(known)) this.seen.delete(known);
    await Promise.all(origins.map((origin) => this.lookAt(origin)));
    for (const [service, origin] of Object.entries(services)) up.set(this.of(origin).isReady ? 1 : 0, { service });
    for (const key of new Set(replicas.map(({ environment, pool }) => `${environment}/${pool}`))) {
      const [environment = '', pool = ''] = key.split('/');
      const own = replicas.filter((replica) => replica.environment === environment && replica.pool === pool);
      replicasKnown.set(own.length, { environment, pool });
      replicasReady.set(own.filter(({ url }) => this.of(url).isReady).length, { environment, pool });
    }
  }

  services(): readonly (Seen & { readonly service: string })[] {
    return Object.entries(this.options.services).map(([service, origin]) => ({ service, ...this.of(origin) }));
  }

  replicas(): readonly (Seen & { readonly environment: string; readonly pool: string; readonly url: string })[] {
    return this.options.placements.replicas().map((replica) => ({ ...replica, ...this.of(replica.url) }));
  }

  private of(origin: string): Seen {
    return this.seen.get(origin) ?? { isReady: false, reason: 'not asked yet', sinceMs: this.options.clock.nowMs() };
  }

  private async lookAt(origin: string): Promise<void> {
    const reason = await this.options.probe(origin);
    const isReady = reason === '';
    const known = this.seen.get(origin);
    const sinceMs = known?.isReady === isReady ? known.sinceMs : this.options.clock.nowMs();
    this.seen.set(origin, { isReady, reason, sinceMs });
  }
}
