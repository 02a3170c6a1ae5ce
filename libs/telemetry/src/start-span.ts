import { SpanKind, SpanStatusCode, context, trace, type Attributes, type Context, type Span } from '@opentelemetry/api';
import { ensureContextManager } from './context-manager.js';
import { withFields, type LogFields } from './log-fields.js';
import { contextOf, currentTraceparent, isTraceparent, traceparentOf } from './traceparent.js';

/** What a span is, in the words of OpenTelemetry. */
export type SpanKindName = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

export const SPAN_KINDS: Readonly<Record<SpanKindName, SpanKind>> = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

export interface SpanOptions {
  /** Default `internal`. */
  readonly kind?: SpanKindName;
  /** By OpenTelemetry's semantic conventions; never a secret. */
  readonly attributes?: Attributes;
  /** W3C `traceparent` of the parent. Default: the active span. */
  readonly parent?: string | undefined;
}

/** A span that is ended by hand: for work that is no one function. */
export interface OpenSpan {
  /** To send on. Without a collector the parent's, undefined where there is none. */
  readonly traceparent: string | undefined;
  /** Runs `fn` within the span; its log lines, also those of callbacks and promises, carry `fields`. */
  run<T>(fn: () => T, fields?: LogFields): T;
  set(attributes: Attributes): void;
  rename(name: string): void;
  /** Ends it, once; later calls do nothing. @param failure what went wrong (`error.type`), absent when nothing did */
  end(failure?: string): void;
}

/** Starts a span; nearly free while no exporter is set. */
export function startSpan(name: string, { kind = 'internal', attributes, parent }: SpanOptions = {}): OpenSpan {
  if (!isRecorded) return new UnrecordedSpan(parent);
  ensureContextManager();
  const from = contextOf(parent) ?? context.active();
  const options = { kind: SPAN_KINDS[kind], ...(attributes === undefined ? {} : { attributes }) };
  const span = trace.getTracer('myriad').startSpan(name, options, from);
  return new ContextSpan(span, trace.setSpan(from, span));
}

let isRecorded = false;

/** Whether anybody takes spans; nobody does until it is said. Called by `startTelemetry`. */
export function recordSpans(areTaken: boolean): void {
  isRecorded = areTaken;
}

/** Passes its parent on, and is nothing itself. */
class UnrecordedSpan implements OpenSpan {
  readonly traceparent: string | undefined;

  constructor(parent: string | undefined) {
    this.traceparent = parent !== undefined && isTraceparent(parent) ? parent : currentTraceparent();
  }

  run<T>(fn: () => T, fields?: LogFields): T {
    const parent = contextOf(this.traceparent);
    if (parent === undefined && fields === undefined) return fn();
    ensureContextManager();
    const within = parent ?? context.active();
    return context.with(fields === undefined ? within : withFields(within, fields), fn);
  }

  set(): void {
    // nobody hears of it
  }

  rename(): void {
    // nobody hears of it
  }

  end(): void {
    // nobody hears of it
  }
}

class ContextSpan implements OpenSpan {
  readonly traceparent: string | undefined;
  private isOpen = true;

  constructor(
    private readonly span: Span,
    private readonly within: Context,
  ) {
    this.traceparent = traceparentOf(within);
  }

  run<T>(fn: () => T, fields?: LogFields): T {
    return context.with(fields === undefined ? this.within : withFields(this.within, fields), fn);
  }

  set(attributes: Attributes): void {
    this.span.setAttributes(attributes);
  }

  rename(name: string): void {
    this.span.updateName(name);
  }

  end(failure?: string): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    if (failure !== undefined) {
      this.span.setAttribute('error.type', failure);
      this.span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.span.end();
  }
}
