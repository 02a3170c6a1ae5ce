/**
 * Waits for the promise, at most `ms` milliseconds; never rejects. The promise itself goes on.
 * @returns whether it has settled
 */
export async function atMost(ms: number, promise: Promise<unknown> | undefined): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const isOver = new Promise<false>((resolve) => {
    timer = setTimeout(() => {
      resolve(false);
    }, ms);
  });
  const settled = (): true => true;
  const isSettled = await Promise.race([Promise.resolve(promise).then(settled, settled), isOver]);
  clearTimeout(timer);
  return isSettled;
}
