import { status } from '@grpc/grpc-js';
import { GrpcFault } from './grpc-fault.js';

/** The header `grpc-timeout`: at most eight digits and a unit (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md). */
const TIMEOUT = /^(\d{1,8})([HMSmun])$/;
/** Milliseconds of a unit. */
export const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
};
/** A timer of Node's that is set for longer fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Milliseconds; Infinity without the header. @throws {GrpcFault} INTERNAL for what is no timeout, as other servers say it */
export function timeoutMsOf(header: string | undefined): number {
  if (header === undefined) return Infinity;
  const [, digits, unit = ''] = TIMEOUT.exec(header) ?? [];
  const unitMs = UNIT_MS[unit];
  if (digits === undefined || unitMs === undefined)
    throw new GrpcFault(status.INTERNAL, `Invalid grpc-timeout value "${header.slice(0, 40)}"`);
  return Number(digits) * unitMs;
}

/** Calls `passed` after so many milliseconds, however many. @returns what takes it back */
export function onDeadline(timeoutMs: number, passed: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (leftMs: number): void => {
    timer = setTimeout(
      () => {
        if (leftMs > MAX_TIMER_MS) wait(leftMs - MAX_TIMER_MS);
        else passed();
      },
      Math.min(leftMs, MAX_TIMER_MS),
    );
  };
  wait(timeoutMs);
  return () => {
    clearTimeout(timer);
  };
}
