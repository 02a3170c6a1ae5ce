import { ProblemError } from '@myriad/kernel';
import { storageProblem } from '../storage-problem.js';

interface AwsError {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

export function httpStatusOf(error: unknown): number | undefined {
  return (error as AwsError | undefined)?.$metadata?.httpStatusCode;
}

/** What a failed call of the SDK means to a caller of the store. Its retries are over by then. */
export function storageErrorOf(error: unknown): unknown {
  if (error instanceof ProblemError || !(error instanceof Error)) return error;
  const status = httpStatusOf(error);
  if (status === 507) return storageProblem.full(error);
  if (status === undefined || status === 429 || status >= 500)
    return storageProblem.unavailable(`the S3 server did not answer as it should (${describe(error)})`, error);
  return error;
}

function describe(error: Error): string {
  const { name, code } = error as AwsError;
  return typeof code === 'string' ? code : String(name);
}

/** Sends. @throws {ProblemError} `storage.full`, `storage.unavailable`; the SDK's error for every other answer. */
export async function call<T>(send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    throw storageErrorOf(error);
  }
}
