import { isIP } from 'node:net';
import type { PlacementTable } from './placement-table.js';

const INTERVAL_MS = 2_000;

/** The addresses that a host name leads to. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

/**
 * Finds the replicas behind one name, as a headless Service of Kubernetes or an alias of Compose has them: every address is a replica of its own, so that a model can stay with one. Looks every two
 * seconds. A name that can't be resolved keeps the addresses it had: a name server that is away takes no replica away.
 */
export class ReplicaAddresses {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly placements: PlacementTable,
    private readonly resolve: Resolve,
  ) {}

  start(): void {
    this.timer ??= setInterval(() => void this.look(), INTERVAL_MS).unref();
    void this.look();
  }

  close(): void {
    clearInterval(this.timer);
  }

  /** Looks now; never fails. */
  async look(): Promise<void> {
    const names = this.placements.hostnames().filter((name) => isIP(name.replace(/^\[|\]$/g, '')) === 0);
    await Promise.all(names.map((name) => this.lookAt(name)));
  }

  private async lookAt(name: string): Promise<void> {
    try {
      const addresses = await this.resolve(name);
      if (addresses.length > 0) this.placements.setAddresses(name, addresses);
    } catch {
      // it may be back at the next look
    }
  }
}
