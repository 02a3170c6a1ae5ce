import { describe, expect, it } from '@jest/globals';
import { AnswerReader, MalformedAnswer } from '../../../src/adapters/http1/answer-reader.js';

interface Heard {
  status: number;
  headers: readonly string[];
  body: string;
  ends: number;
}

/** What is heard of an answer that comes in these pieces. */
function read(pieces: readonly string[], method = 'POST'): Heard & { isReusable: boolean; idleMs: number } {
  const heard: Heard = { status: 0, headers: [], body: '', ends: 0 };
  const reader = new AnswerReader({
    onHead: (status, headers) => Object.assign(heard, { status, headers }),
    onData: (chunk) => (heard.body += chunk.toString('latin1')),
    onEnd: () => (heard.ends += 1),
  });
  reader.expect(method);
  for (const piece of pieces) reader.read(Buffer.from(piece, 'latin1'));
  return { ...heard, isReusable: reader.isReusable, idleMs: reader.idleMs };
}

const bytesOf = (text: string): string[] =>
  Array.from(Buffer.from(text, 'latin1'), (byte) => String.fromCharCode(byte));
const head = (...lines: string[]): string => [...lines, '', ''].join('\r\n');
const FIXED = `${head('HTTP/1.1 200 OK', 'Content-Type: text/plain', 'content-length:  5 ')}hello`;
const CHUNKED = `${head('HTTP/1.1 201 Created', 'transfer-encoding: Chunked')}5\r\nhello\r\n00c\r\n, there you!\r\n0\r\nx-sum: 1\r\n\r\n`;

describe('an answer', () => {
  it.each([
    ['with a length', FIXED, { status: 200, body: 'hello', ends: 1, isReusable: true }],
    ['in chunks', CHUNKED, { status: 201, body: 'hello, there you!', ends: 1, isReusable: true }],
    [
      'after interim ones',
      head('HTTP/1.1 100 Continue') + head('HTTP/1.1 103 Early Hints', 'link: </a>') + FIXED,
      { status: 200, body: 'hello', ends: 1, isReusable: true },
    ],
    ['without a phrase', head('HTTP/1.1 200', 'content-length: 0'), { status: 200, body: '', ends: 1 }],
    ['without a body', head('HTTP/1.1 204 No Content'), { status: 204, body: '', ends: 1, isReusable: true }],
    ['that is not newer', head('HTTP/1.1 304 Not Modified', 'etag: "a"'), { status: 304, body: '', ends: 1 }],
    [
      'that ends the connection',
      head('HTTP/1.1 200 OK', 'connection: Foo, Close', 'content-length: 0'),
      { isReusable: false },
    ],
  ])('%s is read the same in one piece, in two, and byte by byte', (_name, text, expected) => {
    expect(read([text])).toMatchObject(expected);
    for (let at = 1; at < text.length; at += 1)
      expect(read([text.slice(0, at), text.slice(at)])).toMatchObject(expected);
    expect(read(bytesOf(text))).toMatchObject(expected);
  });

  it('has names in lower case, values without white space around them, and nothing of the connection', () => {
    const text = head(
      'HTTP/1.1 200 OK',
      'X-A:\t 1  2 ',
      'Set-Cookie: a',
      'set-cookie: b',
      'Keep-Alive: timeout=5',
      'Connection: keep-alive',
      'Content-Length: 0',
    );
    const { headers, idleMs } = read([text]);
    expect(headers).toEqual(['x-a', '1  2', 'set-cookie', 'a', 'set-cookie', 'b', 'content-length', '0']);
    expect(idleMs).toBe(3_000);
  });

  it('to HEAD has no body, whatever it says', () => {
    const expected = { status: 200, body: '', ends: 1, isReusable: true };
    expect(read([head('HTTP/1.1 200 OK', 'content-length: 5')], 'HEAD')).toMatchObject(expected);
    expect(read([head('HTTP/1.1 200 OK', 'transfer-encoding: chunked')], 'HEAD')).toMatchObject(expected);
    expect(read([head('HTTP/1.1 200 OK')], 'HEAD')).toMatchObject(expected);
  });

  it.each([
    ['a second answer behind it', `${FIXED}${FIXED}`],
    ['bytes behind it', `${FIXED}x`],
    ['bytes behind its chunks', `${CHUNKED}\r\n`],
    ['a body where none may be', head('HTTP/1.1 204 No Content', 'content-length: 5')],
    ['chunks where none may be', head('HTTP/1.1 304 Not Modified', 'transfer-encoding: chunked')],
  ])('leaves a connection of no use: %s', (_name, text) => {
    expect(read([text])).toMatchObject({ ends: 1, isReusable: false });
  });

  it.each([
    ['both a length and chunks', head('HTTP/1.1 200 OK', 'content-length: 5', 'transfer-encoding: chunked')],
    ['two lengths', head('HTTP/1.1 200 OK', 'content-length: 5', 'content-length: 5')],
    ['a list of lengths', head('HTTP/1.1 200 OK', 'content-length: 5, 5')],
    ['a length with a sign', head('HTTP/1.1 200 OK', 'content-length: +5')],
    ['a length in hex', head('HTTP/1.1 200 OK', 'content-length: 0x5')],
    ['no length', head('HTTP/1.1 200 OK')],
    ['another encoding', head('HTTP/1.1 200 OK', 'transfer-encoding: gzip, chunked')],
    ['two encodings', head('HTTP/1.1 200 OK', 'transfer-encoding: chunked', 'transfer-encoding: chunked')],
    ['a bare LF', 'HTTP/1.1 200 OK\ncontent-length: 0\r\n\r\n'],
    ['a bare LF between headers', 'HTTP/1.1 200 OK\r\na: b\ncontent-length: 0\r\n\r\n'],
    ['a bare CR', 'HTTP/1.1 200 OK\r\na: b\rc: d\r\ncontent-length: 0\r\n\r\n'],
    ['a folded line', 'HTTP/1.1 200 OK\r\na: b\r\n c\r\ncontent-length: 0\r\n\r\n'],
    ['a space before the colon', head('HTTP/1.1 200 OK', 'content-length : 0')],
    ['a line that is no header', head('HTTP/1.1 200 OK', 'nothing', 'content-length: 0')],
    ['a header without a name', head('HTTP/1.1 200 OK', ': 0')],
    ['HTTP/1.0', head('HTTP/1.0 200 OK', 'content-length: 0')],
    ['no status', head('HTTP/1.1 OK', 'content-length: 0')],
    ['an upgrade', head('HTTP/1.1 101 Switching Protocols')],
    ['interim ones without an end', head('HTTP/1.1 100 Continue').repeat(9)],
    ['a head without an end', `HTTP/1.1 200 OK\r\na: ${'x'.repeat(17_000)}`],
    ["a chunk's size that is none", `${head('HTTP/1.1 200 OK', 'transfer-encoding: chunked')}zz\r\n`],
    ["a chunk's size with a sign", `${head('HTTP/1.1 200 OK', 'transfer-encoding: chunked')}-1\r\n`],
    ["a chunk's size without an end", `${head('HTTP/1.1 200 OK', 'transfer-encoding: chunked')}${'0'.repeat(30)}`],
    ['a chunk longer than its size', `${head('HTTP/1.1 200 OK', 'transfer-encoding: chunked')}1\r\nab\r\n`],
    ['a trailer that is no header', `${head('HTTP/1.1 200 OK', 'transfer-encoding: chunked')}0\r\nnothing\r\n\r\n`],
  ])('is refused: %s', (_name, text) => {
    expect(() => read([text])).toThrow(MalformedAnswer);
    expect(() => read(bytesOf(text))).toThrow(MalformedAnswer);
  });

  it('that nobody asked for is refused', () => {
    const reader = new AnswerReader({ onHead: () => undefined, onData: () => undefined, onEnd: () => undefined });
    expect(() => {
      reader.read(Buffer.from(FIXED));
    }).toThrow(MalformedAnswer);
  });
});
