import { histogram } from '@myriad/telemetry';
import type { ObjectStore } from './object-store.port.js';

const duration = histogram('myriad_object_store_seconds', 'Calls of the object store, to their answer', {
  unit: 'seconds',
});
/** A stream's bytes come after its answer, and a file is used for as long as its user likes. */
const MEASURED: ReadonlySet<PropertyKey> = new Set<keyof ObjectStore>([
  'put',
  'get',
  'getBytes',
  'head',
  'delete',
  'deleteUnchanged',
  'presignUpload',
  'confirmUpload',
  'presignDownload',
  'putDocument',
  'getDocument',
  'ping',
]);

/** The same store, its calls timed by operation and outcome (`ok`, or the problem's or error's name). */
export function measured<T extends ObjectStore>(store: T): T {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      const call = member.bind(target) as (...args: unknown[]) => unknown;
      return MEASURED.has(name) ? (...args: unknown[]) => timed(String(name), () => call(...args)) : call;
    },
  });
}

async function timed(operation: string, call: () => unknown): Promise<unknown> {
  const fromMs = performance.now();
  let outcome = 'ok';
  try {
    return await call();
  } catch (error) {
    outcome = codeOf(error);
    throw error;
  } finally {
    duration.record((performance.now() - fromMs) / 1_000, { operation, outcome });
  }
}

/** A problem's code is one of a closed list; other errors are one value. */
function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && code.startsWith('storage.') ? code : 'error';
}
