import { runChecks, type ReadinessCheck } from '@myriad/http';
import { gauge } from '@myriad/telemetry';

const ready = gauge('myriad_readiness_check', 'Whether a readiness check holds, 1 or 0');
const INTERVAL_MS = 5_000;

/** How one check stands. */
export interface CheckState {
  readonly name: string;
  readonly ok: boolean;
  /** Empty while it holds. */
  readonly reason: string;
  /** When `ok` last changed, Unix milliseconds. */
  readonly sinceMs: number;
}

/** Runs the readiness checks every five seconds and remembers since when each is as it is. */
export class HealthWatch {
  private readonly states = new Map<string, CheckState>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly checks: readonly ReadinessCheck[],
    private readonly nowMs: () => number = Date.now,
  ) {}

  start(): void {
    this.timer ??= setInterval(() => void this.look(), INTERVAL_MS).unref();
    void this.look();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Looks now. Never fails. */
  async look(): Promise<readonly CheckState[]> {
    for (const [name, { ok, reason = '' }] of Object.entries(await runChecks(this.checks))) {
      const known = this.states.get(name);
      const sinceMs = known?.ok === ok ? known.sinceMs : this.nowMs();
      this.states.set(name, { name, ok, reason, sinceMs });
      ready.set(ok ? 1 : 0, { check: name });
    }
    return [...this.states.values()];
  }
}
