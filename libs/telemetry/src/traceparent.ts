import { randomBytes } from 'node:crypto';
import { TraceFlags, context, isSpanContextValid, trace, type Context, type SpanContext } from '@opentelemetry/api';
import { ensureContextManager } from './context-manager.js';

/** W3C Trace Context, version 00: `00-<32 hex trace id>-<16 hex parent id>-<2 hex flags>`. Later versions may append fields. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

function parse(traceparent: string): SpanContext | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  const parsed = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
  return isSpanContextValid(parsed) ? parsed : undefined;
}

/** Whether the text is a W3C `traceparent`. */
export function isTraceparent(text: string): boolean {
  return parse(text) !== undefined;
}

/** Whether the trace of this `traceparent` is recorded. */
export function isSampled(traceparent: string): boolean {
  return parse(traceparent)?.traceFlags === TraceFlags.SAMPLED;
}

/** The `traceparent` to send on with a call or an event; undefined outside of a trace. */
export function currentTraceparent(): string | undefined {
  return traceparentOf(context.active());
}

/** The `traceparent` of a context's span. */
export function traceparentOf(within: Context): string | undefined {
  const active = trace.getSpanContext(within);
  if (active === undefined || !isSpanContextValid(active)) return undefined;
  return `00-${active.traceId}-${active.spanId}-${active.traceFlags.toString(16).padStart(2, '0')}`;
}

/** The active context with this remote parent in it; undefined without a valid `traceparent`. */
export function contextOf(traceparent: string | undefined): Context | undefined {
  const parent = traceparent === undefined ? undefined : parse(traceparent);
  return parent === undefined ? undefined : trace.setSpanContext(context.active(), parent);
}

/** A new trace's `traceparent`, for the entrance of the mesh. Sampled unless told otherwise. */
export function newTraceparent(isSampled = true): string {
  return `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-${isSampled ? '01' : '00'}`;
}

/** Runs `fn` as part of the caller's trace. Without a valid `traceparent` it runs as it is. */
export function runWithTraceparent<T>(traceparent: string | undefined, fn: () => T): T {
  const within = contextOf(traceparent);
  if (within === undefined) return fn();
  ensureContextManager();
  return context.with(within, fn);
}
