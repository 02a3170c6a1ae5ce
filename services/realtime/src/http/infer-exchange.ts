import { promisify } from 'node:util';
import { deflate, gzip } from 'node:zlib';
import { parseJsonBody, type DirectCall } from '@myriad/http';
import {
  HEADER_LENGTH,
  formatBinaryResponse,
  formatInferResponse,
  parseInferRequest,
  parseRawRequest,
  splitBody,
  type BinaryAnswer,
  type InferAnswer,
  type InferRequest,
  type SignatureView,
  type TensorMap,
} from '@myriad/inference';

const ENCODERS = { gzip: promisify(gzip), deflate: promisify(deflate) } as const;
/** Below this an answer is sent as it is: to compress it takes longer than to send it, and most clients ask for it without meaning it. */
const MIN_COMPRESSED_BYTES = 4_096;

/** Reads a request over HTTP: JSON, JSON and bytes behind it, or bytes alone. @throws {ProblemError} as `parseInferRequest`; {@link ProtocolError} for what is no JSON. */
export function readInferRequest(
  { headers, body }: Pick<DirectCall, 'headers' | 'body'>,
  signature: SignatureView,
): InferRequest {
  const header = headers[HEADER_LENGTH];
  const { json, binary } = splitBody(body, typeof header === 'string' ? header : undefined);
  if (json === undefined) return parseRawRequest(body, signature);
  return parseInferRequest(json.length === 0 ? {} : parseJsonBody(json), signature, { binary });
}

/** JSON text, or JSON and bytes where the request asked for bytes. */
export function writeInferAnswer(
  answer: InferAnswer,
  request: InferRequest,
  tensors: TensorMap,
): string | BinaryAnswer {
  if (request.binary.size === 0) return formatInferResponse(answer, tensors);
  return formatBinaryResponse(answer, tensors, request.binary);
}

/** Says in headers what an answer is, and compresses it where the client likes that and it pays. */
export function sendable(
  answer: string | BinaryAnswer,
  call: Pick<DirectCall, 'headers' | 'setHeader'>,
): string | Buffer | Promise<Buffer> {
  let body: string | Buffer;
  if (typeof answer === 'string') body = answer;
  else {
    body = answer.bytes;
    call.setHeader('content-type', 'application/octet-stream');
    call.setHeader(HEADER_LENGTH, String(answer.headerLength));
  }
  const encoding = body.length < MIN_COMPRESSED_BYTES ? undefined : acceptedEncoding(call.headers['accept-encoding']);
  if (encoding === undefined) return body;
  call.setHeader('content-encoding', encoding);
  return ENCODERS[encoding](body, { level: 1 });
}

/** What the client names, gzip before deflate; with `q=0` it names what it can't read. */
function acceptedEncoding(header: string | string[] | undefined): keyof typeof ENCODERS | undefined {
  if (typeof header !== 'string') return undefined;
  const named = header
    .toLowerCase()
    .split(',')
    .map((item) => item.replaceAll(/\s/g, ''))
    .filter((item) => !/;q=0(?:\.0*)?$/.test(item))
    .map((item) => item.split(';', 1)[0]);
  return named.includes('gzip') ? 'gzip' : named.includes('deflate') ? 'deflate' : undefined;
}
