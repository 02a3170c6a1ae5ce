import { Metadata, type ServerDuplexStream } from '@grpc/grpc-js';
import { ProblemError } from '@myriad/kernel';
import { startSpan, type OpenSpan } from '@myriad/telemetry';
import protobuf from 'protobufjs/minimal.js';
import type { InternalTokens } from '../application/internal-tokens.js';
import { ENVIRONMENTS } from '../application/open-session.js';
import type { PlacedModel, PlacementTable } from '../application/placement-table.js';
import { gatewayProblem } from '../domain/gateway-problem.js';
import type { Admit } from '../entrance/admit.js';
import type { CallArrival } from './call-arrival.js';
import { forwardStream, type Directed } from './forward-stream.js';
import type { Way } from './grpc-routes.js';
import { MERGES } from './merge-answers.js';
import { stringField } from './message-field.js';
import { deadlinePassed, type OriginOf, type ReplicaCalls, type Sending } from './replica-calls.js';

export interface ForwardCallsOptions {
  readonly admit: Admit;
  readonly placements: PlacementTable;
  readonly tokens: InternalTokens;
  readonly calls: ReplicaCalls;
  /** Longest wait for an answer, milliseconds. */
  readonly predictionTimeoutMs: number;
}

/** All that goes on of the client's metadata: with the same key a model that is tried on a share of its requests answers by the same version. */
const CANARY_KEY = 'x-canary-key';

/** In `ModelStreamInferResponse.error_message`; all else ends the stream. */
const TOLD_IN_STREAM: ReadonlySet<string> = new Set(['rate-limited', 'not-found', 'invalid', 'unavailable']);

/** Sends admitted calls to their replicas, and the answers back. */
export class ForwardCalls {
  constructor(private readonly options: ForwardCallsOptions) {}

  /** @throws {ReplicaStatus}, {ProblemError} */
  async unary(arrival: CallArrival, message: Buffer): Promise<Buffer> {
    const { method, way } = arrival.grpcRoute;
    const { calls } = this.options;
    const origins = this.originsOf(arrival, way, message);
    const longestMs = Date.now() + this.options.predictionTimeoutMs;
    const span = clientSpan(arrival);
    try {
      const sending = await this.sendingOf(arrival, Math.min(arrival.deadlineUnixMs, longestMs), span?.traceparent);
      const answers = await gathered(
        origins.map((originOf) => calls.unary(originOf, message, sending)),
        way.to !== 'pool',
      );
      const merge = MERGES[method.path.slice(method.path.lastIndexOf('/') + 1)];
      return merge === undefined ? (answers[0] ?? Buffer.alloc(0)) : merge(answers);
    } finally {
      span?.end();
    }
  }

  /** Resolves when the client has all answers. Each message is let in as a request of its own. @throws what ends the stream */
  async stream(arrival: CallArrival, call: ServerDuplexStream<Buffer, Buffer>): Promise<void> {
    let isFirst = true;
    const direct = async (message: Buffer): Promise<Directed> => {
      try {
        if (!isFirst) await this.letInAgain(arrival);
        isFirst = false;
        const model = this.modelOf(arrival, stringField(message, 1));
        this.options.placements.assertPlaced(model);
        const sending = await this.sendingOf(arrival, arrival.deadlineUnixMs, arrival.traceparent);
        const originOf: OriginOf = (tried) => this.options.placements.replicaOf(model, tried);
        return { model: model.modelName, originOf, sending };
      } catch (error) {
        if (error instanceof ProblemError && TOLD_IN_STREAM.has(error.kind)) return { refusal: errorMessage(error) };
        throw error;
      }
    };
    await forwardStream(call, { calls: this.options.calls, direct });
  }

  /** The stream counts among what is in flight once, but each message anew against the rate; and who may call no more is found out. */
  private async letInAgain(arrival: CallArrival): Promise<void> {
    this.options.admit.leave(arrival);
    await this.options.admit.execute(arrival, arrival.grpcRoute.target, () => arrival.call.getPeer());
  }

  private originsOf(arrival: CallArrival, way: Way, message: Buffer): readonly OriginOf[] {
    const { placements } = this.options;
    const environment = environmentOf(arrival);
    if (way.to === 'any') return [(tried) => placements.anyReplica(environment, tried)];
    if (way.to === 'every-pool') return placements.oneOfEachPool(environment);
    const name = way.nameFields.map((field) => stringField(message, field)).find((one) => one !== '') ?? '';
    const model = this.modelOf(arrival, name);
    placements.assertPlaced(model);
    if (way.to === 'owner') return [(tried) => placements.replicaOf(model, tried)];
    return placements.replicasOf(model).map((origin) => () => origin);
  }

  private modelOf({ session }: CallArrival, modelName: string): PlacedModel {
    if (session === undefined || modelName === '')
      throw gatewayProblem('invalid', 'message_invalid', 'the message names no model');
    return { tenantId: session.tenantId, environment: session.environment, modelName };
  }

  private async sendingOf(arrival: CallArrival, deadlineMs: number, traceparent: string | undefined): Promise<Sending> {
    if (deadlineMs <= Date.now()) throw deadlinePassed();
    const { session, requestId, gone, grpcRoute } = arrival;
    const metadata = new Metadata();
    metadata.set('x-request-id', requestId);
    metadata.set('traceparent', traceparent ?? arrival.traceparent);
    const canaryKey = arrival.header(CANARY_KEY);
    if (canaryKey !== undefined) metadata.set(CANARY_KEY, canaryKey);
    if (session !== undefined) {
      const audience = `myriad-realtime-${session.environment}`;
      metadata.set('authorization', await this.options.tokens.of(session, audience, requestId));
    }
    return { method: grpcRoute.method, metadata, deadlineMs, gone };
  }
}

/** Of a pool's replicas those count that answer: one that is away did nothing and has nothing in memory. @throws what the first that failed says, when all are needed or none answered */
async function gathered(calls: readonly Promise<Buffer>[], areAllNeeded: boolean): Promise<readonly Buffer[]> {
  const settled = await Promise.allSettled(calls);
  const answers = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = settled.find((one) => one.status === 'rejected');
  const isEnough = !areAllNeeded && answers.length > 0 && failed?.reason instanceof ProblemError;
  if (failed === undefined || isEnough) return answers;
  throw failed.reason;
}

/** undefined where nobody takes spans */
function clientSpan({ span, traceparent, grpcRoute }: CallArrival): OpenSpan | undefined {
  if (span?.traceparent === undefined) return undefined;
  const attributes = { 'rpc.system': 'grpc', 'rpc.method': grpcRoute.method.path, 'server.address': 'realtime' };
  return startSpan(grpcRoute.method.path, { kind: 'client', attributes, parent: traceparent });
}

/** @throws {ProblemError} `gateway.environment_unknown` */
function environmentOf(arrival: CallArrival): string {
  const environment = arrival.session?.environment ?? arrival.header('x-myriad-environment') ?? 'production';
  if ((ENVIRONMENTS as readonly string[]).includes(environment)) return environment;
  throw gatewayProblem('invalid', 'environment_unknown', `X-Myriad-Environment must be ${ENVIRONMENTS.join(', ')}`);
}

/** ModelStreamInferResponse {error_message = 1}. */
function errorMessage(error: ProblemError): Buffer {
  return Buffer.from(protobuf.Writer.create().uint32(0x0a).string(error.message).finish());
}
