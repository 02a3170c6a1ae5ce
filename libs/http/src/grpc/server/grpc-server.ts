import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { status } from '@grpc/grpc-js';
import { isNamed, tlsServerOptions } from '../../tls/guard-tls.js';
import type { Tls } from '../../tls/open-tls.js';
import { MAX_MESSAGE_BYTES } from '../grpc-listener.js';
import { ServerCall, type CallParts, type GrpcCall } from './grpc-call.js';
import { GrpcFault } from './grpc-fault.js';

/** Answers a message with a message, at once where it can; both as bytes. */
export type UnaryHandler = (call: GrpcCall, message: Buffer) => Uint8Array | Promise<Uint8Array>;

/** Answers messages as they come; the call ends when it resolves. */
export type StreamHandler = (call: GrpcCall & Pick<ServerCall, 'messages' | 'write'>) => Promise<void>;

/** Handlers by path, `/<package>.<service>/<method>`. */
export interface GrpcMethods {
  readonly unary: ReadonlyMap<string, UnaryHandler>;
  readonly streams: ReadonlyMap<string, StreamHandler>;
}

export interface GrpcServerOptions extends Pick<CallParts, 'statusOf'>, GrpcMethods {
  /** Mutual TLS with the certificates of the HTTP port, new ones included; in plain without. */
  readonly tls: Tls | undefined;
}

const MAX_CONCURRENT_STREAMS = 1_000;
const HTTP2_OPTIONS = {
  settings: { maxConcurrentStreams: MAX_CONCURRENT_STREAMS, enablePush: false },
  // what a session takes is bounded by its streams and their messages; a bound of its own would break off large ones
  maxSessionMemory: Number.MAX_SAFE_INTEGER,
};

/**
 * A gRPC server on Node's HTTP/2, for calls that take microseconds: the layers of a general library around such a call cost more than HTTP/2 does. Messages are bytes to it. It has what a
 * server in front of models needs: deadlines, cancellation, statuses and their metadata, limits, compressed requests, streams with back pressure, mutual TLS, a graceful end.
 */
export class GrpcServer {
  private readonly server: Http2Server | Http2SecureServer;
  private readonly sessions = new Set<ServerHttp2Session>();
  private readonly parts: CallParts;
  private readonly endTls: (() => void) | undefined;

  constructor(private readonly options: GrpcServerOptions) {
    const { tls, statusOf } = options;
    this.parts = { statusOf, maxMessageBytes: MAX_MESSAGE_BYTES };
    if (tls === undefined) this.server = createServer(HTTP2_OPTIONS);
    else {
      const server = createSecureServer({ ...HTTP2_OPTIONS, ...tlsServerOptions(tls.files.current) });
      this.endTls = tls.files.onChange((material) => {
        server.setSecureContext(tlsServerOptions(material));
      });
      this.server = server;
    }
    this.server.on('session', (session: ServerHttp2Session) => {
      this.follow(session);
    });
  }

  /** @returns the port */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        this.server.off('error', reject);
        resolve((this.server.address() as AddressInfo).port);
      });
    });
  }

  /** Takes no new calls; those in flight end, or are cut after `drainMs` milliseconds. */
  close(drainMs: number): Promise<void> {
    this.endTls?.();
    return new Promise((resolve) => {
      const cut = setTimeout(() => {
        for (const session of this.sessions) session.destroy();
      }, drainMs);
      this.server.close(() => {
        clearTimeout(cut);
        resolve();
      });
      for (const session of this.sessions) session.close();
    });
  }

  private follow(session: ServerHttp2Session): void {
    const { tls } = this.options;
    const isAllowed = tls === undefined || isPeerNamed(session.socket as TLSSocket, tls);
    this.sessions.add(session);
    session.on('close', () => this.sessions.delete(session));
    session.on('error', () => {
      // of its connection: it is closed
    });
    session.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      this.serve(stream, headers, isAllowed);
    });
  }

  private serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, isAllowed: boolean): void {
    if (headers['content-type']?.startsWith('application/grpc') !== true) {
      stream.on('error', () => undefined).resume();
      stream.respond({ ':status': 415 }, { endStream: true });
      return;
    }
    const call = new ServerCall(stream, headers, isAllowed, this.parts);
    if (!call.begin()) return;
    const path = String(headers[':path']);
    const unary = this.options.unary.get(path);
    if (unary !== undefined) {
      call.unary((message) => unary(call, message));
      return;
    }
    const streamed = this.options.streams.get(path);
    if (streamed !== undefined)
      streamed(call).then(
        () => {
          call.finish();
        },
        (error: unknown) => {
          call.fail(error);
        },
      );
    else
      call.fail(new GrpcFault(status.UNIMPLEMENTED, `The server does not implement the method ${path.slice(0, 200)}`));
  }
}

function isPeerNamed(socket: TLSSocket, { allowedClients }: Tls): boolean {
  const certificate = socket.getPeerX509Certificate();
  return certificate !== undefined && isNamed(certificate, allowedClients);
}
