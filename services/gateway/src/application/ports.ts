import type { Readable } from 'node:stream';
import type { rateUsedV1, requestAuditedV1, EventData } from '@myriad/contracts';
import type { Session } from './session.js';

export const CLOCK = Symbol('Clock');

/** What a verified user token says. */
export interface TokenSubject {
  readonly principalId: string;
  /** Permissions the token is narrowed to. */
  readonly scopes: ReadonlySet<string>;
  /** The API key it was got with, if any. */
  readonly keyId: string | undefined;
  readonly expiresAtMs: number;
}

/** Verifies the ES256 tokens that auth signs. */
export abstract class UserTokenVerifier {
  /** @throws {ProblemError} `gateway.token_invalid`, `gateway.token_expired`. */
  abstract verify(token: string): Promise<TokenSubject>;
  /** The public keys from now on, as JWKs. */
  abstract setKeys(jwks: readonly Readonly<Record<string, unknown>>[]): Promise<void>;
}

/** Mints the tokens that services trust. */
export abstract class InternalTokenMinter {
  abstract mint(
    session: Session,
    audience: string,
    requestId: string,
  ): Promise<{ readonly token: string; readonly expiresAtMs: number }>;
}

export type RequestAudited = EventData<typeof requestAuditedV1>;

/** A record, and the trace of the request; none where the record stands for many. */
export interface AuditRecord {
  readonly data: RequestAudited;
  readonly traceparent?: string | undefined;
}

/** Where records of requests go. */
export abstract class AuditSink {
  /** Resolves when the records are durable. */
  abstract append(records: readonly AuditRecord[]): Promise<void>;
}

export type RateUsed = EventData<typeof rateUsedV1>;

/** How gateways tell each other what they let through. */
export abstract class RateGossip {
  /** Resolves when the words are durable. */
  abstract publish(words: readonly RateUsed[]): Promise<void>;
}

/** Tells a service for how long from now an answer is of use, milliseconds. */
export const TIMEOUT_HEADER = 'x-myriad-timeout-ms';

/** A request as it goes to a service. */
export interface UpstreamRequest {
  /** The base URL to send it to, none of `tried` if there is another; asked again for each try. */
  readonly origin: (tried: ReadonlySet<string>) => string;
  /** What it is called; an answer that names another request is none. undefined: nothing is compared. */
  readonly requestId?: string | undefined;
  /** Whether it may be sent again when the connection broke and it may have been done. */
  readonly isRepeatable: boolean;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body: Buffer | Readable | undefined;
  /** Until when an answer is of use, on the clock of `performance.now()`; undefined: for ever. What is left of it is told with each try. */
  readonly deadlineMs: number | undefined;
  /** Longest wait for the answer's head, milliseconds. */
  readonly headTimeoutMs: number;
  /** Longest pause within the answer, milliseconds; 0 = none. */
  readonly pauseTimeoutMs: number;
}

/** Hears the answer of a service. */
export interface UpstreamListener {
  /** @param headers names in lower case and values in turn; without those of the connection */
  onHead(status: number, headers: readonly string[]): void;
  /** False when no more is wanted until {@link Flight.resume}. */
  onData(chunk: Buffer): boolean;
  onEnd(): void;
  /** The service could not be reached, was too slow (or the deadline passed) or broke off. After {@link onHead} nothing can be told to the client any more. */
  onFailure(failure: 'unreachable' | 'timeout' | 'broken', cause: Error): void;
}

/** A request on its way. */
export interface Flight {
  resume(): void;
  /** The client is gone. */
  abort(): void;
}

/** Services and replicas, over pooled connections. */
export abstract class Upstreams {
  abstract send(request: UpstreamRequest, listener: UpstreamListener): Flight;
}
