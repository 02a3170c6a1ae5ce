import type { IncomingHttpHeaders } from 'node:http2';

const MS_OF: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 0.001, n: 0.000_001 };
const TIMEOUT = /^(\d{1,8})\s*([HMSmun])$/;
/** 23 days: in 32 bits of milliseconds there are not 25. */
const MOST_SECONDS = 2_000_000;

/** Shortens a `grpc-timeout` that grpc-js would take for one that has passed: it counts milliseconds in 32 bits. */
export function clampTimeout(headers: IncomingHttpHeaders): void {
  const [, count, unit] = TIMEOUT.exec(String(headers['grpc-timeout'] ?? '')) ?? [];
  if (count === undefined || unit === undefined) return;
  if (Number(count) * (MS_OF[unit] ?? 0) > MOST_SECONDS * 1_000) headers['grpc-timeout'] = `${MOST_SECONDS}S`;
}
