import { Metadata, status, type StatusObject } from '@grpc/grpc-js';
import { ProblemError, type ProblemKind } from '@myriad/kernel';
import protobuf from 'protobufjs/minimal.js';

/** The status of a kind of refusal. */
const STATUS_OF: Readonly<Record<ProblemKind, status>> = {
  invalid: status.INVALID_ARGUMENT,
  unauthenticated: status.UNAUTHENTICATED,
  forbidden: status.PERMISSION_DENIED,
  'not-found': status.NOT_FOUND,
  conflict: status.ABORTED,
  gone: status.NOT_FOUND,
  'too-large': status.INVALID_ARGUMENT,
  unprocessable: status.INVALID_ARGUMENT,
  'rate-limited': status.RESOURCE_EXHAUSTED,
  timeout: status.DEADLINE_EXCEEDED,
  unavailable: status.UNAVAILABLE,
  unsupported: status.UNIMPLEMENTED,
  internal: status.INTERNAL,
};

/**
 * What is thrown, as a gRPC status: the detail as its message, and in `grpc-status-details-bin` the code (google.rpc.ErrorInfo) and when to try again (google.rpc.RetryInfo). Of what is no refusal nothing is told.
 */
export function grpcStatusOf(error: unknown, requestId: string): StatusObject {
  const metadata = new Metadata();
  metadata.set('x-request-id', requestId);
  if (!(error instanceof ProblemError) || error.kind === 'internal') {
    const details = `The service failed; request ${requestId} names the entry in its log.`;
    return { code: status.INTERNAL, details, metadata };
  }
  const code = STATUS_OF[error.kind];
  metadata.set('grpc-status-details-bin', statusDetails(error, code));
  if (error.retryAfterSeconds !== undefined)
    metadata.set('grpc-retry-pushback-ms', String(Math.ceil(error.retryAfterSeconds * 1_000)));
  return { code, details: error.message, metadata };
}

/** google.rpc.Status {code = 1, message = 2, details = 3: Any {type_url = 1, value = 2}}. */
function statusDetails(error: ProblemError, code: status): Buffer {
  const writer = protobuf.Writer.create().uint32(0x08).int32(code).uint32(0x12).string(error.message);
  // ErrorInfo {reason = 1, domain = 2}
  any(writer, 'ErrorInfo', protobuf.Writer.create().uint32(0x0a).string(error.code).uint32(0x12).string('myriad'));
  const seconds = error.retryAfterSeconds;
  if (seconds !== undefined) {
    // RetryInfo {retry_delay = 1: Duration {seconds = 1, nanos = 2}}
    const retry = protobuf.Writer.create().uint32(0x0a).fork().uint32(0x08).int64(Math.floor(seconds));
    any(
      writer,
      'RetryInfo',
      retry
        .uint32(0x10)
        .int32(Math.round((seconds % 1) * 1e9))
        .ldelim(),
    );
  }
  return Buffer.from(writer.finish());
}

function any(writer: protobuf.Writer, type: string, value: protobuf.Writer): void {
  writer.uint32(0x1a).fork().uint32(0x0a).string(`type.googleapis.com/google.rpc.${type}`);
  writer.uint32(0x12).bytes(value.finish()).ldelim();
}
