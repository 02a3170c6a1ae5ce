// A load generator for unary gRPC calls: HTTP/2 frames over a socket, all prepared before. A client library costs as much as a quick server does and would be what is measured; this one costs a tenth.
import { connect } from 'node:net';

/*
 * A frame (RFC 9113 §4.1): | length, 24 bits | type, 8 | flags, 8 | stream, 32 | as many bytes |
 * A call is HEADERS and DATA of an odd stream; its answer HEADERS, DATA and HEADERS that end the stream, or, refused, HEADERS alone. What headers say is not read: a refusal is known by its
 * lack of a message.
 */
const HEAD_BYTES = 9;
const TYPE = { DATA: 0, HEADERS: 1, RST_STREAM: 3, SETTINGS: 4, PING: 6, GOAWAY: 7, WINDOW_UPDATE: 8 };
const [ACK, END_STREAM, END_HEADERS] = [1, 1, 4];
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const INITIAL_WINDOW_SIZE = 4;
const WINDOW_BYTES = 2 ** 30;
const FIRST_WINDOW_BYTES = 65_535;

function frame(type, flags, stream, payload) {
  const bytes = Buffer.alloc(HEAD_BYTES + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  payload.copy(bytes, HEAD_BYTES);
  return bytes;
}

/** A string of HPACK (RFC 7541 §5.2), not by Huffman: 7 bits of length, then more. */
function hpackString(text) {
  const bytes = Buffer.from(text);
  const length = [Math.min(bytes.length, 127)];
  if (bytes.length >= 127) {
    let rest = bytes.length - 127;
    for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

/** Header fields, literal and never indexed: the same bytes are right on every stream. */
function headerBlock(fields) {
  const literal = ([name, value]) => Buffer.concat([Buffer.from([0x10]), hpackString(name), hpackString(value)]);
  return Buffer.concat(Object.entries(fields).map(literal));
}

function requestBytes({ authority, path, message, headers }) {
  const fields = {
    ...{ ':method': 'POST', ':scheme': 'http', ':path': path, ':authority': authority },
    ...{ te: 'trailers', 'content-type': 'application/grpc', ...headers },
  };
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  const block = frame(TYPE.HEADERS, END_HEADERS, 0, headerBlock(fields));
  return {
    bytes: Buffer.concat([block, frame(TYPE.DATA, END_STREAM, 0, Buffer.concat([prefix, message]))]),
    dataAt: block.length,
  };
}

/** One connection with so many calls in flight all the time; `take` hears the milliseconds of each, NaN of one that was refused. */
class Connection {
  #rest = Buffer.alloc(0);
  #next = 1;
  #open = new Map();
  #received = 0;
  #out = [];

  constructor({ port, request, calls, take }) {
    this.request = request;
    this.take = take;
    this.ended = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.socket = connect(port, '127.0.0.1', () => this.#begin(calls));
    this.socket.setNoDelay(true);
    this.socket.on('data', (chunk) => this.#read(chunk));
    this.socket
      .once('error', this.reject)
      .once('close', () => this.reject(new Error('the server closed the connection')));
  }

  #begin(calls) {
    const setting = Buffer.alloc(6);
    setting.writeUInt16BE(INITIAL_WINDOW_SIZE, 0);
    setting.writeUInt32BE(WINDOW_BYTES, 2);
    this.#out.push(PREFACE, frame(TYPE.SETTINGS, 0, 0, setting), this.#window(WINDOW_BYTES - FIRST_WINDOW_BYTES));
    for (let i = 0; i < calls; i += 1) this.#call();
    this.#flush();
  }

  #window(bytes) {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(bytes);
    return frame(TYPE.WINDOW_UPDATE, 0, 0, size);
  }

  #call() {
    const { bytes, dataAt } = this.request;
    const call = Buffer.from(bytes);
    call.writeUInt32BE(this.#next, 5);
    call.writeUInt32BE(this.#next, dataAt + 5);
    this.#open.set(this.#next, { fromMs: performance.now(), hasMessage: false });
    this.#next += 2;
    this.#out.push(call);
  }

  #flush() {
    if (this.#out.length > 0) this.socket.write(this.#out.length === 1 ? this.#out[0] : Buffer.concat(this.#out));
    this.#out = [];
  }

  #read(chunk) {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= HEAD_BYTES) {
      const end = at + HEAD_BYTES + bytes.readUIntBE(at, 3);
      if (bytes.length < end) break;
      this.#frame({
        type: bytes[at + 3],
        flags: bytes[at + 4],
        stream: bytes.readUInt32BE(at + 5),
        payload: bytes.subarray(at + HEAD_BYTES, end),
      });
      at = end;
    }
    this.#rest = bytes.subarray(at);
    this.#flush();
  }

  #frame({ type, flags, stream, payload }) {
    if (type === TYPE.DATA) {
      this.#received += payload.length;
      if (this.#received > WINDOW_BYTES / 2) {
        this.#out.push(this.#window(this.#received));
        this.#received = 0;
      }
      const call = this.#open.get(stream);
      if (call !== undefined && payload.length > 0) call.hasMessage = true;
    }
    if (type === TYPE.SETTINGS && (flags & ACK) === 0) this.#out.push(frame(TYPE.SETTINGS, ACK, 0, Buffer.alloc(0)));
    if (type === TYPE.PING && (flags & ACK) === 0) this.#out.push(frame(TYPE.PING, ACK, 0, payload));
    if (type === TYPE.GOAWAY) this.reject(new Error(`the server went away: ${payload.subarray(8).toString()}`));
    const isEnd = (type === TYPE.HEADERS || type === TYPE.DATA) && (flags & END_STREAM) !== 0;
    if (isEnd || type === TYPE.RST_STREAM) this.#answered(stream, type !== TYPE.RST_STREAM);
  }

  #answered(stream, isWhole) {
    const call = this.#open.get(stream);
    if (call === undefined) return;
    this.#open.delete(stream);
    if (this.take(isWhole && call.hasMessage ? performance.now() - call.fromMs : NaN)) this.#call();
    else if (this.#open.size === 0) this.#end();
  }

  #end() {
    this.socket.removeAllListeners('close').destroy();
    this.resolve();
  }
}

/**
 * Calls a method again and again, `calls` at once over `connections`, for `seconds`. `message` are the bytes of a request, `headers` the metadata beside it. Tells the latencies in milliseconds, and how many were refused.
 * @throws where a connection breaks
 */
export async function unaryLoad({ port, path, message, headers = {}, connections = 4, calls, seconds }) {
  const request = requestBytes({ authority: `127.0.0.1:${port}`, path, message, headers });
  const untilMs = performance.now() + seconds * 1000;
  const latencies = [];
  let failures = 0;
  const take = (ms) => {
    if (Number.isNaN(ms)) failures += 1;
    else latencies.push(ms);
    return performance.now() < untilMs;
  };
  const open = Array.from({ length: connections }, (_, i) => {
    const share = Math.floor((calls + i) / connections);
    return new Connection({ port, request, calls: share, take });
  });
  await Promise.all(open.map(({ ended }) => ended));
  return { latencies, failures };
}
