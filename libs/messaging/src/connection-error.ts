import { messagingProblem } from './messaging-problem.js';

const NETWORK = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EHOSTUNREACH', 'EAI_AGAIN']);
/** SQLSTATE classes and codes: connection exception, too many connections, shutdown, crash, starting up, idle session timeout. */
const SERVER = /^(08...|53300|57P0[1235]|25P03)$/;
const CLIENT =
  /connection terminated|not queryable|timeout (exceeded|expired)|read timeout|client was closed|connection error/i;

/** Whether the connection to a server failed, not the statement: then the same statement may succeed later. Looks at causes too. */
export function isConnectionError(error: unknown): boolean {
  if (!isError(error)) return false;
  if (isConnectionError(error.cause)) return true;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code !== undefined) return NETWORK.has(code) || SERVER.test(code);
  return (
    CLIENT.test(error.message) ||
    ('errors' in error && Array.isArray(error.errors) && error.errors.some(isConnectionError))
  );
}

/** Turns a failed connection into `messaging.unavailable`, and leaves every other error as it is. */
export function unavailable(error: unknown): unknown {
  if (!isConnectionError(error)) return error;
  const reason = isError(error) ? error.message : String(error);
  return messagingProblem('unavailable', 'unavailable', `the event log can't be reached: ${reason}`, { cause: error });
}

/** Whether it is an error, of whatever realm: a test runner has its own `Error`, and sockets throw that of Node. */
export function isError(error: unknown): error is Error {
  return error instanceof Error || Object.prototype.toString.call(error) === '[object Error]';
}
