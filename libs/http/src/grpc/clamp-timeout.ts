import type { IncomingHttpHeaders } from 'node:http2';
import { UNIT_MS } from './server/grpc-timeout.js';

/** As grpc-js reads it: spaces before the unit are let through. */
const TIMEOUT = /^(\d{1,8})\s*([HMSmun])$/;
/** 23 days: in 32 bits of milliseconds there are not 25. */
const MOST_SECONDS = 2_000_000;

/** Shortens a `grpc-timeout` that grpc-js would take for one that has passed: it counts milliseconds in 32 bits. */
export function clampTimeout(headers: IncomingHttpHeaders): void {
  const [, count, unit] = TIMEOUT.exec(String(headers['grpc-timeout'] ?? '')) ?? [];
  if (count === undefined || unit === undefined) return;
  if (Number(count) * (UNIT_MS[unit] ?? 0) > MOST_SECONDS * 1_000) headers['grpc-timeout'] = `${MOST_SECONDS}S`;
}
