import { headerName } from './header-names.js';

/** What came is no answer as our services give them, or not one alone. */
export class MalformedAnswer extends Error {
  constructor(what: string) {
    super(`the answer is malformed: ${what}`);
    this.name = 'MalformedAnswer';
  }
}

/** Hears one answer. */
export interface AnswerListener {
  /** @param headers names in lower case and values in turn; without those of the connection */
  onHead(status: number, headers: readonly string[]): void;
  onData(chunk: Buffer): void;
  /** Nothing is called after it until the next answer is expected. */
  onEnd(): void;
}

/** Longest head, and trailers, bytes. */
const MAX_HEAD_BYTES = 16_384;
/** Longest line with a chunk's size, bytes. */
const MAX_SIZE_LINE = 18;
/** Answers before the final one (100, 103). */
const MAX_INTERIM = 8;
/** An idle connection ends so long before its server says that it does, milliseconds. */
const KEEP_ALIVE_SPARE_MS = 2_000;
/** Of servers that do not say. */
const KEEP_ALIVE_MS = 30_000;

const EXPECTING = { nothing: 0, head: 1, body: 2, chunkSize: 3, chunk: 4, chunkEnd: 5, trailers: 6 } as const;
type Expecting = (typeof EXPECTING)[keyof typeof EXPECTING];

const NOTHING = Buffer.alloc(0);
const DIGITS = /^\d{1,15}$/;
const HEX = /^[0-9a-f]{1,8}$/i;
const CR = 13;

/**
 * Reads HTTP/1.1 answers of one connection, one at a time (RFC 9112). It is strict: an end that could be read in two ways, a bare CR or LF, a folded line, an answer that ends with its connection
 * or that nobody asked for is an error, so that no bytes of one answer are ever taken for another's.
 */
export class AnswerReader {
  private expecting: Expecting = EXPECTING.nothing;
  private isHead = false;
  private rest: Buffer = NOTHING;
  private left = 0;
  private interim = 0;
  private lengths = 0;
  private isChunked = false;
  /** The last `Keep-Alive` and what it says: it is the same with each answer. */
  private told = '';
  #idleMs = KEEP_ALIVE_MS;
  #hasBegun = false;
  #isReusable = true;

  constructor(private readonly listener: AnswerListener) {}

  /** Whether any of the answer came. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** After an answer: whether the connection may carry another request. */
  get isReusable(): boolean {
    return this.#isReusable;
  }

  /** For how long an idle connection may be used, milliseconds. */
  get idleMs(): number {
    return this.#idleMs;
  }

  /** An answer to a request of this method is expected from now on. */
  expect(method: string): void {
    this.expecting = EXPECTING.head;
    this.isHead = method === 'HEAD';
    this.#hasBegun = false;
    this.interim = 0;
  }

  /** @throws {MalformedAnswer}; nothing of the connection is of use after that. */
  read(chunk: Buffer): void {
    if (this.expecting === EXPECTING.nothing) throw new MalformedAnswer('nobody asked for it');
    this.#hasBegun = true;
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    this.rest = NOTHING;
    for (let at = 0; at < bytes.length;) {
      const next = this.step(bytes, at);
      if (next === undefined) {
        this.rest = bytes.subarray(at);
        return;
      }
      at = next;
      // the last thing that is done: the listener may expect the next answer at once
      if (this.isOver(bytes.length - at)) return;
    }
  }

  /** Tells the end of the answer, if it is there. Bytes after it belong to nothing. */
  private isOver(surplus: number): boolean {
    if (this.expecting !== EXPECTING.nothing) return false;
    if (surplus > 0) this.#isReusable = false;
    this.listener.onEnd();
    return true;
  }

  /** Takes what it can from `at` on. @returns where the rest begins; undefined when more has to come first */
  private step(bytes: Buffer, at: number): number | undefined {
    switch (this.expecting) {
      case EXPECTING.head:
        return this.readHead(bytes, at);
      case EXPECTING.body:
        return this.readBody(bytes, at, EXPECTING.nothing);
      case EXPECTING.chunk:
        return this.readBody(bytes, at, EXPECTING.chunkEnd);
      case EXPECTING.chunkEnd:
        return this.readChunkEnd(bytes, at);
      case EXPECTING.trailers:
        return this.readTrailers(bytes, at);
      default:
        return this.readChunkSize(bytes, at);
    }
  }

  private readHead(bytes: Buffer, at: number): number | undefined {
    const text = bytes.toString('latin1', at, Math.min(bytes.length, at + MAX_HEAD_BYTES));
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) {
      if (text.length >= MAX_HEAD_BYTES) throw new MalformedAnswer('its head is too long');
      return undefined;
    }
    const status = statusOf(text);
    this.lengths = 0;
    this.isChunked = false;
    this.#isReusable = true;
    const headers = this.readHeaders(text, text.indexOf('\r\n') + 2, end + 2);
    if (status < 200) this.passOver(status);
    else {
      this.frame(status);
      this.listener.onHead(status, headers);
    }
    return at + end + 4;
  }

  private readHeaders(text: string, from: number, to: number): string[] {
    const headers: string[] = [];
    for (let start = from; start < to;) {
      const end = text.indexOf('\n', start);
      // one CR, before the LF, and no other
      if (text.indexOf('\r', start) !== end - 1) throw new MalformedAnswer('a line has a bare CR or LF');
      const colon = text.indexOf(':', start);
      const known = colon < 0 || colon > end ? undefined : headerName(text.slice(start, colon));
      if (known === undefined) throw new MalformedAnswer('a line is no header');
      const value = text.slice(colon + 1, end - 1).trim();
      if (known.isOfConnection) this.heed(known.name, value);
      else {
        if (known.isLength) this.readLength(value);
        headers.push(known.name, value);
      }
      start = end + 1;
    }
    return headers;
  }

  private readLength(value: string): void {
    this.lengths += 1;
    if (!DIGITS.test(value) || this.lengths > 1) throw new MalformedAnswer('its length is no number, or told twice');
    this.left = Number(value);
  }

  /** Headers of the connection. */
  private heed(name: string, value: string): void {
    if (name === 'transfer-encoding') {
      if (this.isChunked || value.toLowerCase() !== 'chunked') throw new MalformedAnswer(`it is encoded '${value}'`);
      this.isChunked = true;
    } else if (name === 'connection') {
      if (value !== 'keep-alive' && /(?:^|,)\s*close\s*(?:,|$)/i.test(value)) this.#isReusable = false;
    } else if (name === 'keep-alive' && value !== this.told) {
      this.told = value;
      const seconds = /(?:^|[,\s])timeout=(\d{1,6})/i.exec(value)?.[1];
      this.#idleMs = seconds === undefined ? KEEP_ALIVE_MS : Math.max(0, Number(seconds) * 1000 - KEEP_ALIVE_SPARE_MS);
    }
  }

  private passOver(status: number): void {
    this.interim += 1;
    if (status === 101 || this.interim > MAX_INTERIM) throw new MalformedAnswer(`${status} was not asked for`);
    this.left = 0;
    this.#isReusable = true;
  }

  /** Where the answer ends (RFC 9112 §6.3). */
  private frame(status: number): void {
    const isFramed = this.lengths === 1;
    if (isFramed && this.isChunked) throw new MalformedAnswer('it says in two ways where it ends');
    if (!isFramed) this.left = 0;
    if (this.isHead) this.expecting = EXPECTING.nothing;
    else if (status === 204 || status === 304) {
      // what may follow all the same must not be the next answer
      if (this.isChunked || this.left > 0) this.#isReusable = false;
      this.expecting = EXPECTING.nothing;
    } else if (this.isChunked) this.expecting = EXPECTING.chunkSize;
    else if (isFramed) this.expecting = this.left === 0 ? EXPECTING.nothing : EXPECTING.body;
    else throw new MalformedAnswer('it does not say where it ends');
  }

  private readBody(bytes: Buffer, at: number, then: Expecting): number {
    const taken = Math.min(this.left, bytes.length - at);
    this.left -= taken;
    if (this.left === 0) this.expecting = then;
    this.listener.onData(taken === bytes.length ? bytes : bytes.subarray(at, at + taken));
    return at + taken;
  }

  private readChunkSize(bytes: Buffer, at: number): number | undefined {
    const line = bytes.toString('latin1', at, Math.min(bytes.length, at + MAX_SIZE_LINE));
    const end = line.indexOf('\r\n');
    if (end < 0) {
      if (line.length >= MAX_SIZE_LINE) throw new MalformedAnswer("a chunk's size is too long");
      return undefined;
    }
    const size = line.slice(0, end);
    if (!HEX.test(size)) throw new MalformedAnswer("a chunk's size is no number");
    this.left = Number.parseInt(size, 16);
    this.expecting = this.left === 0 ? EXPECTING.trailers : EXPECTING.chunk;
    return at + end + 2;
  }

  private readChunkEnd(bytes: Buffer, at: number): number | undefined {
    if (bytes.length - at < 2) return undefined;
    if (bytes.toString('latin1', at, at + 2) !== '\r\n') throw new MalformedAnswer('a chunk is longer than its size');
    this.expecting = EXPECTING.chunkSize;
    return at + 2;
  }

  /** They are passed over: nobody was told of them in the head. */
  private readTrailers(bytes: Buffer, at: number): number | undefined {
    const text = bytes.toString('latin1', at, Math.min(bytes.length, at + MAX_HEAD_BYTES));
    const end = text.startsWith('\r\n') ? 0 : text.indexOf('\r\n\r\n') + 2;
    if (end === 1) {
      if (text.length >= MAX_HEAD_BYTES) throw new MalformedAnswer('its trailers are too long');
      return undefined;
    }
    this.readTrailerLines(text, end);
    this.expecting = EXPECTING.nothing;
    return at + end + 2;
  }

  private readTrailerLines(text: string, end: number): void {
    for (let start = 0; start < end; start = text.indexOf('\n', start) + 1) {
      const [name = ''] = text.slice(start, end).split(':', 1);
      if (headerName(name) === undefined) throw new MalformedAnswer('a trailer is no header');
    }
  }
}

/** `HTTP/1.1 200 OK`; what the number is called is of no use. */
function statusOf(text: string): number {
  const digits = text.slice(9, 12);
  const after = text.charCodeAt(12);
  if (!text.startsWith('HTTP/1.1 ') || !/^[1-9]\d\d$/.test(digits) || (after !== 32 && after !== CR))
    throw new MalformedAnswer('it does not begin with HTTP/1.1 and a status');
  const end = text.indexOf('\n');
  if (text.indexOf('\r') !== end - 1) throw new MalformedAnswer('a line has a bare CR or LF');
  return Number(digits);
}
