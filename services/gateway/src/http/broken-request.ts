import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { randomHex } from '../entrance/random-hex.js';
import { ProtocolRefusal, refusalOf } from './refusal.js';

/** Answers on the bare socket what never became a request, and closes it: nothing that follows is read. */
export function answerBrokenRequest(error: Error & { readonly code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const requestId = randomHex(16);
  const { problem } = refusalOf(whatBroke(error.code), requestId);
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? 'Error'}\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nx-request-id: ${requestId}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function whatBroke(code: string | undefined): ProtocolRefusal {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new ProtocolRefusal({
      status: 408,
      code: 'gateway.slow_request',
      detail: 'the head of the request did not arrive within 10 s',
    });
  if (code === 'HPE_HEADER_OVERFLOW')
    return new ProtocolRefusal({
      status: 431,
      code: 'gateway.headers_too_large',
      detail: 'path and headers are longer than 16 KiB together',
    });
  return new ProtocolRefusal({
    status: 400,
    code: 'gateway.malformed_request',
    detail: 'what was sent is not HTTP/1.1, or says in two ways where the request ends',
  });
}
