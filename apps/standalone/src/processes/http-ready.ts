const ANSWER_MS = 2_000;

/** Whether `GET <url>/readyz` answers 200. */
export async function isHttpReady(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(ANSWER_MS) });
  await answer.body?.cancel();
  return answer.status === 200;
}
