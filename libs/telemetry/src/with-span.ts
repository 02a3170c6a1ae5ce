import { SpanStatusCode, trace, type Attributes, type Span } from '@opentelemetry/api';
import { ensureContextManager } from './context-manager.js';
import { SPAN_KINDS, type SpanKindName } from './start-span.js';

/**
 * Runs `fn` within a span named `name`, a child of the active one. An error marks the span and is thrown on.
 * Nearly free while no exporter is set.
 */
export async function withSpan<T>(
  name: string,
  attributes: Attributes,
  fn: (span: Span) => T | Promise<T>,
  kind: SpanKindName = 'internal',
): Promise<T> {
  ensureContextManager();
  return trace.getTracer('myriad').startActiveSpan(name, { attributes, kind: SPAN_KINDS[kind] }, async (span) => {
    try {
      return await fn(span);
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
      span.setAttribute('error.type', error instanceof Error ? error.name : 'unknown');
      if (error instanceof Error) span.recordException(error);
      throw error;
    } finally {
      span.end();
    }
  });
}
