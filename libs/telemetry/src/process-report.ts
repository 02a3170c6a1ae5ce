import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const NANOS = 1e9;
const RESET_EVERY_MS = 10_000;

/** What a process says of itself to operators. */
export interface ProcessReport {
  readonly version: string;
  /** Tells the replicas of a service apart. */
  readonly instance: string;
  /** This machine's clock, RFC 3339. */
  readonly now: string;
  readonly startedAt: string;
  /** 99th percentile of the last ten seconds or less. */
  readonly eventLoopDelaySeconds: number;
  readonly residentBytes: number;
}

const delay = monitorEventLoopDelay({ resolution: 20 });
let before = 0;
let resetting: NodeJS.Timeout | undefined;

/** How this process is. */
export function processReport(): ProcessReport {
  watchDelay();
  return {
    version: platformVersion(),
    instance: processInstance(),
    now: new Date().toISOString(),
    startedAt: new Date(Date.now() - process.uptime() * 1_000).toISOString(),
    eventLoopDelaySeconds: Math.max(before, delay.percentile(99)) / NANOS || 0,
    residentBytes: process.memoryUsage.rss(),
  };
}

/** Names this process among the replicas of a service. */
export function processInstance(): string {
  return `${hostname()}-${process.pid}`;
}

let version: string | undefined;

/** The version of the platform, the same for all packages of a build. */
export function platformVersion(): string {
  version ??= (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
    .version;
  return version;
}

/** Begins to measure the event loop; what is older than two windows is forgotten. */
export function watchDelay(): void {
  if (resetting !== undefined) return;
  delay.enable();
  resetting = setInterval(() => {
    before = delay.percentile(99);
    delay.reset();
  }, RESET_EVERY_MS).unref();
}
