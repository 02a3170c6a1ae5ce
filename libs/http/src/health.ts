import type { FastifyInstance } from 'fastify';
import type { HttpAppOptions, ReadinessCheck } from './options.js';

/** How one readiness check went. */
export interface CheckResult {
  readonly ok: boolean;
  readonly durationMs: number;
  readonly reason?: string;
}

const DEFAULT_CHECK_TIMEOUT_MS = 1000;

/** Doors that need no token; they tell nothing of any tenant. */
export function installHealthDoors(
  instance: FastifyInstance,
  options: HttpAppOptions,
  isDraining: () => boolean,
): void {
  const config = { isOpenDoor: true };
  instance.get('/healthz', { config }, () => ({ status: 'ok', service: options.service }));
  instance.get('/readyz', { config }, async (_request, reply) => {
    const checks = await runChecks(options.readiness ?? []);
    const ok = !isDraining() && Object.values(checks).every((check) => check.ok);
    await reply
      .code(ok ? 200 : 503)
      .send({ status: isDraining() ? 'draining' : ok ? 'ready' : 'not-ready', service: options.service, checks });
  });
  const { telemetry } = options;
  if (telemetry === undefined) return;
  instance.get('/metrics', { config }, async (_request, reply) => {
    await reply.type('text/plain; version=0.0.4; charset=utf-8').send(await telemetry.metricsText());
  });
}

/** Runs all checks at once; one that takes too long counts as failed. */
export async function runChecks(checks: readonly ReadinessCheck[]): Promise<Readonly<Record<string, CheckResult>>> {
  return Object.fromEntries(
    await Promise.all(checks.map(async (check) => [check.name, await runCheck(check)] as const)),
  );
}

async function runCheck({ check, timeoutMs = DEFAULT_CHECK_TIMEOUT_MS }: ReadinessCheck): Promise<CheckResult> {
  const from = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${timeoutMs} ms`));
    }, timeoutMs);
  });
  const durationMs = (): number => Math.round(performance.now() - from);
  try {
    const answer: unknown = await Promise.race([Promise.resolve().then(check), timeout]);
    return answer === false
      ? { ok: false, durationMs: durationMs(), reason: 'it does not hold' }
      : { ok: true, durationMs: durationMs() };
  } catch (error) {
    return { ok: false, durationMs: durationMs(), reason: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
