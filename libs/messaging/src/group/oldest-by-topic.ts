/** The smallest of the times by topic; partitions with nothing to handle have none. */
export function oldestByTopic(
  times: Iterable<readonly [topic: string, timeMs: number | undefined]>,
): ReadonlyMap<string, number> {
  const oldest = new Map<string, number>();
  for (const [topic, timeMs] of times)
    if (timeMs !== undefined) oldest.set(topic, Math.min(timeMs, oldest.get(topic) ?? Infinity));
  return oldest;
}
