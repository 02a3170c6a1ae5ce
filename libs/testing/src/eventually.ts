/** How {@link eventually} waits. */
export interface EventuallyOptions {
  /** Milliseconds > 0. Default 25,000: a loaded machine is slow, a passing test does not wait. */
  readonly timeoutMs?: number;
  /** Pause between two attempts, milliseconds > 0. Default 20. */
  readonly intervalMs?: number;
}

/**
 * Calls `attempt` until it neither throws nor rejects, and gives its value.
 * @throws {Error} after `timeoutMs`, with the last attempt's error as `cause`.
 */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  { timeoutMs = 25_000, intervalMs = 20 }: EventuallyOptions = {},
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (cause) {
      if (Date.now() >= deadline) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`not true within ${timeoutMs} ms: ${reason}`, { cause });
      }
      await new Promise((resolve) => setTimeout(resolve, intervalMs));
    }
  }
}
