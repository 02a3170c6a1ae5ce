import { readFileSync } from 'node:fs';
import { Client, Metadata, credentials, type ServiceError, type status } from '@grpc/grpc-js';
import { inferenceProto } from '@myriad/contracts';
import protobuf from 'protobufjs';

const SERVICE = 'inference.GRPCInferenceService';
/** Answers may be larger than requests: a map of probabilities for each pixel. */
const MAX_MESSAGE_BYTES = 256 * 1_048_576;

export interface RemoteServerOptions {
  /** `grpc://host:port`, or `grpcs://` with TLS. */
  readonly url: string;
  /** Sent as a bearer token with every call. */
  readonly token?: string | undefined;
  /** PEM certificates of the authorities that the server must be of. Default those of Node. */
  readonly caFile?: string | undefined;
}

export interface CallOptions {
  /** Unix milliseconds. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** A message as the proto has it; bytes are buffers, 64-bit numbers plain ones. */
export type Message = Readonly<Record<string, unknown>>;

interface Codec {
  readonly path: string;
  readonly encode: (message: Message) => Buffer;
  readonly decode: (bytes: Buffer) => Message;
}

/** Another server of the Open Inference Protocol, over gRPC. */
export class RemoteServer {
  private readonly client: Client;
  private readonly codecs = new Map<string, Codec>();
  private readonly root = protobuf.parse(inferenceProto, { keepCase: true }).root;

  constructor(private readonly options: RemoteServerOptions) {
    const { protocol, host } = new URL(options.url);
    if (protocol !== 'grpc:' && protocol !== 'grpcs:')
      throw new TypeError(`a remote server is named by grpc:// or grpcs://, not ${protocol}//`);
    const by = protocol === 'grpc:' ? credentials.createInsecure() : credentials.createSsl(authoritiesOf(options));
    this.client = new Client(host, by, {
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
      // what may be asked again is known by who asks
      'grpc.enable_retries': 0,
    });
  }

  /** @throws {ServiceError} with a gRPC status */
  call(method: string, message: Message, { deadlineMs, signal }: CallOptions): Promise<Message> {
    const { path, encode, decode } = this.codecOf(method);
    const metadata = new Metadata();
    if (this.options.token !== undefined) metadata.set('authorization', `Bearer ${this.options.token}`);
    return new Promise((resolve, reject) => {
      const call = this.client.makeUnaryRequest(
        path,
        encode,
        decode,
        message,
        metadata,
        { deadline: deadlineMs },
        (error, answer) => {
          signal?.removeEventListener('abort', cancel);
          if (error !== null) reject(error);
          else resolve(answer ?? {});
        },
      );
      const cancel = (): void => {
        call.cancel();
      };
      signal?.addEventListener('abort', cancel, { once: true });
      if (signal?.aborted === true) cancel();
    });
  }

  close(): void {
    this.client.close();
  }

  private codecOf(method: string): Codec {
    let codec = this.codecs.get(method);
    if (codec === undefined) {
      const { requestType, responseType } = this.root.lookupService(SERVICE).methods[method] as protobuf.Method;
      const [request, response] = [requestType, responseType].map((name) =>
        this.root.lookupType(`inference.${name}`),
      ) as [protobuf.Type, protobuf.Type];
      codec = {
        path: `/${SERVICE}/${method}`,
        encode: (message) => Buffer.from(request.encode(message).finish()),
        decode: (bytes) => response.toObject(response.decode(bytes), { longs: Number, defaults: true }),
      };
      this.codecs.set(method, codec);
    }
    return codec;
  }
}

function authoritiesOf({ caFile }: RemoteServerOptions): Buffer | null {
  return caFile === undefined ? null : readFileSync(caFile);
}

/** The gRPC status that a call ended with; undefined for what is none. */
export function statusOf(error: unknown): status | undefined {
  const code = error instanceof Error ? (error as Partial<ServiceError>).code : undefined;
  return typeof code === 'number' ? code : undefined;
}

/** When the server says that it may be asked again, milliseconds (`grpc-retry-pushback-ms`); undefined where it says nothing. */
export function pushbackMsOf(error: unknown): number | undefined {
  const said = (error as Partial<ServiceError>).metadata?.get('grpc-retry-pushback-ms')[0];
  const ms = said === undefined ? NaN : Number(String(said));
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}
