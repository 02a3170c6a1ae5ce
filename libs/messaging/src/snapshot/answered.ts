/** A store that is silent for longer counts as away, milliseconds. */
const ANSWER_TIMEOUT_MS = 10_000;

/** The answer, if it comes in time. @throws {Error} when it does not, and what the call throws */
export async function answered<T>(call: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`the object store did not answer within ${ANSWER_TIMEOUT_MS / 1_000} s`));
    }, ANSWER_TIMEOUT_MS);
  });
  try {
    return await Promise.race([call, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
