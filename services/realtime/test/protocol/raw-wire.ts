import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';

/** What a server answers to these very bytes; more of them are written until it answers. */
export function exchangeRaw(
  url: string,
  head: string,
  more?: { readonly chunk: Buffer; readonly times: number },
): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let answer = '';
    let left = more?.times ?? 0;
    const write = (): void => {
      while (left > 0 && answer === '') {
        left -= 1;
        if (!socket.write(more!.chunk)) return;
      }
    };
    const end = (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket
      .on('connect', () => {
        socket.write(head);
        write();
        // a client that says no more: the server does not wait for it for ever
        if (more === undefined) socket.end();
      })
      .on('drain', write)
      .on('data', (bytes: Buffer) => {
        answer += bytes.toString('latin1');
        if (answer.includes('\r\n\r\n')) end();
      })
      .on('error', end)
      .on('close', end);
  });
}

/** A gRPC frame whose message is nothing but groups that begin. */
export function groupsOfGrpc(depth: number): Buffer {
  const frame = Buffer.alloc(5 + depth, (15 << 3) | 3);
  frame[0] = 0;
  frame.writeUInt32BE(depth, 1);
  return frame;
}

interface Frame {
  readonly token: string;
  /** A whole frame: compressed or not, length, message. */
  readonly frame: Buffer;
  readonly encoding?: string;
}

/** The gRPC status of a ModelInfer of these very bytes. */
export function sendGrpcFrame(port: number, { token, frame, encoding }: Frame): Promise<number> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(`http://127.0.0.1:${port}`).on('error', reject);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/inference.GRPCInferenceService/ModelInfer',
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: `Bearer ${token}`,
      ...(encoding === undefined ? {} : { 'grpc-encoding': encoding }),
    });
    const done = (headers: Record<string, unknown>): void => {
      if (headers['grpc-status'] === undefined) return;
      session.destroy();
      resolve(Number(headers['grpc-status']));
    };
    stream.on('response', done).on('trailers', done).on('error', reject).resume();
    stream.end(frame);
  });
}

/** A frame of zeros, compressed. */
export function bombFrame(sizeBytes: number): Buffer {
  const message = gzipSync(Buffer.alloc(sizeBytes), { level: 1 });
  const head = Buffer.alloc(5, 1);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
