import { context, createContextKey, type Context } from '@opentelemetry/api';
import { ensureContextManager } from './context-manager.js';

/** Members of every log line written within: whose request or event it is. */
export interface LogFields {
  tenantId?: string;
  requestId?: string;
  eventType?: string;
  eventId?: string;
}

const KEY = createContextKey('myriad log fields');

/** Runs `fn`; each line that is logged within, also by callbacks and promises, carries these members. They may still be changed. */
export function withLogFields<T>(fields: LogFields, fn: () => T): T {
  ensureContextManager();
  return context.with(withFields(context.active(), fields), fn);
}

/** A context whose lines carry these members. */
export function withFields(within: Context, fields: LogFields): Context {
  return within.setValue(KEY, fields);
}

/** The members of the active context. */
export function currentLogFields(): LogFields | undefined {
  return context.active().getValue(KEY) as LogFields | undefined;
}
