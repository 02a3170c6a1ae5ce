import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Asked } from './attempt.js';

/** A body up to here goes out in one string with its head, bytes: as Latin-1 a byte is itself. */
const ONE_WRITE_BYTES = 16_384;
const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);
/** Would end the header, or the head. */
const BREAKS_OUT = /[\r\n\0]/;

/** How the rest of a body is sent. */
export interface BodySending {
  readonly isDone: boolean;
  /** No more is wanted of it. */
  stop(): void;
}

const DONE: BodySending = { isDone: true, stop: () => undefined };

/** Sends a request. `onFailed` hears when its body fails. @throws {TypeError} for a header that would be more than one */
export function writeRequest(
  socket: Socket,
  host: string,
  asked: Asked,
  onFailed: (error: Error) => void,
): BodySending {
  const { body } = asked;
  if (body !== undefined && !Buffer.isBuffer(body)) {
    const { head, length } = headOf(asked, host, undefined);
    return new StreamedBody({ socket, body, length, onFailed }, head);
  }
  const { head } = headOf(asked, host, body?.length ?? 0);
  if (body === undefined) socket.write(head, 'latin1');
  else if (body.length <= ONE_WRITE_BYTES) socket.write(head + body.toString('latin1'), 'latin1');
  else {
    socket.cork();
    socket.write(head, 'latin1');
    socket.write(body);
    socket.uncork();
  }
  return DONE;
}

/** @param size of the body; undefined: as its header says, or in chunks */
function headOf(
  { method, path, headers }: Asked,
  host: string,
  size: number | undefined,
): { head: string; length: number | undefined } {
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n`;
  let length = size;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const [name = '', value = ''] = [headers[i], headers[i + 1]];
    if (BREAKS_OUT.test(value)) throw new TypeError(`the header '${name}' has a line break`);
    if (name === 'content-length') length ??= Number(value);
    else head += `${name}: ${value}\r\n`;
  }
  if (length === undefined) head += 'transfer-encoding: chunked\r\n';
  else if (length > 0 || WITH_BODY.has(method)) head += `content-length: ${length}\r\n`;
  return { head: `${head}\r\n`, length };
}

interface Streamed {
  readonly socket: Socket;
  readonly body: Readable;
  /** As declared; undefined: in chunks. */
  readonly length: number | undefined;
  readonly onFailed: (error: Error) => void;
}

/** A body on its way, no faster than the service reads it. */
class StreamedBody implements BodySending {
  private sent = 0;
  isDone = false;

  constructor(
    private readonly parts: Streamed,
    head: string,
  ) {
    const { socket, body } = parts;
    socket.write(head, 'latin1');
    socket.on('drain', this.onDrain);
    body.on('data', this.onData).once('end', this.onEnd).once('error', this.onError).once('close', this.onClose);
  }

  stop(): void {
    if (this.isDone) return;
    this.leave();
    this.parts.body.destroy();
  }

  private leave(): void {
    const { socket, body } = this.parts;
    this.isDone = true;
    socket.off('drain', this.onDrain);
    body.off('data', this.onData).off('end', this.onEnd).off('error', this.onError).off('close', this.onClose);
    body.on('error', () => undefined);
  }

  private readonly onDrain = (): void => {
    this.parts.body.resume();
  };

  private readonly onData = (chunk: Buffer): void => {
    const { socket, body, length } = this.parts;
    if (chunk.length === 0) return;
    this.sent += chunk.length;
    if (length !== undefined && this.sent > length) this.onError(new Error('the body is longer than declared'));
    else if (!(length === undefined ? writeChunk(socket, chunk) : socket.write(chunk))) body.pause();
  };

  private readonly onEnd = (): void => {
    const { socket, length } = this.parts;
    if (length !== undefined && this.sent < length) this.onError(new Error('the body is shorter than declared'));
    else {
      this.leave();
      if (length === undefined) socket.write('0\r\n\r\n', 'latin1');
    }
  };

  private readonly onError = (error: Error): void => {
    this.leave();
    // half a request must not look whole
    this.isDone = false;
    this.parts.onFailed(error);
  };

  private readonly onClose = (): void => {
    this.onError(new Error('the body broke off'));
  };
}

function writeChunk(socket: Socket, chunk: Buffer): boolean {
  socket.cork();
  socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
  socket.write(chunk);
  const wantsMore = socket.write('\r\n', 'latin1');
  socket.uncork();
  return wantsMore;
}
