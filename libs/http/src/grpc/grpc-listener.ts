import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { Server, type ServerCredentials } from '@grpc/grpc-js';
import { clampTimeout } from './clamp-timeout.js';

/** What a message may hold, bytes. */
export const MAX_MESSAGE_BYTES = 16 * 1_048_576;

/** A gRPC server that begins and ends. */
export class GrpcListener {
  readonly server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': 1_000,
  });

  constructor() {
    // there is no other way to a call's headers before grpc-js reads them
    const made = this.server as unknown as { createHttp2Server(by: ServerCredentials): Http2Server };
    const create = made.createHttp2Server.bind(made);
    made.createHttp2Server = (by) =>
      create(by).prependListener('stream', (_stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
        clampTimeout(headers);
      });
  }

  /** @returns the port */
  listen(port: number, host: string, by: ServerCredentials): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.bindAsync(`${host}:${port}`, by, (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
  }

  /** Takes no new calls; those in flight end, or are cut after `drainMs` milliseconds. */
  close(drainMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cut = setTimeout(() => {
        this.server.forceShutdown();
      }, drainMs);
      this.server.tryShutdown(() => {
        clearTimeout(cut);
        resolve();
      });
    });
  }
}
