import type { IdempotencyPort } from './idempotency.port.js';
import type { TokenVerifier } from './internal-token-verifier.js';
import { type DrainLimits, KEEP_ALIVE_MS } from './server-drain.js';
import type { Tls } from './tls/open-tls.js';

/** What the library needs of a logger; pino has it. */
export interface HttpLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** Whether a line of the level is written; without it, all are. */
  isLevelEnabled?(level: string): boolean;
}

/** One thing that must hold before requests may come. */
export interface ReadinessCheck {
  readonly name: string;
  /** Throws (or rejects), or answers `false`, when it does not hold. */
  readonly check: () => unknown;
  /** Milliseconds after which it counts as failed. Default 1000. */
  readonly timeoutMs?: number;
}

/** Times and sizes of the server. */
export interface HttpLimits extends DrainLimits {
  /** Longest JSON body of a route that says nothing, bytes. */
  readonly maxBodyBytes: number;
  /** Headers must be there within, milliseconds. */
  readonly headersTimeoutMs: number;
  /** A JSON body must be there within, milliseconds. */
  readonly bodyTimeoutMs: number;
  /** Longest pause within a streamed body, milliseconds. */
  readonly streamPauseMs: number;
  /** Longest time for a whole request to arrive, streamed ones included, milliseconds. */
  readonly requestTimeoutMs: number;
  /** Clients are told that an idle connection lasts so long, milliseconds. */
  readonly keepAliveMs: number;
}

export const DEFAULT_LIMITS: HttpLimits = {
  maxBodyBytes: 1_048_576,
  headersTimeoutMs: 10_000,
  bodyTimeoutMs: 30_000,
  streamPauseMs: 30_000,
  requestTimeoutMs: 3_600_000,
  keepAliveMs: KEEP_ALIVE_MS,
  quietMs: 0,
  drainMs: 10_000,
};

export interface HttpAppOptions {
  /** Mutual TLS on the port; {@link openTls} makes it of a configuration. Absent: plain HTTP. */
  readonly tls?: Tls | undefined;
  /** The service's name: in logs, metrics and `/healthz`. */
  readonly service: string;
  readonly logger: HttpLogger;
  /** Checks internal tokens; {@link verifierFromFile} makes one. */
  readonly verifier: TokenVerifier;
  /** Serves `/metrics`; without it there is no such door. */
  readonly telemetry?: { metricsText(): Promise<string> };
  /** Remembers answers by `Idempotency-Key`; without it the header is ignored. */
  readonly idempotency?: IdempotencyPort;
  readonly readiness?: readonly ReadinessCheck[];
  readonly limits?: Partial<HttpLimits>;
  /** Checks every answer against its contract, 500 when it breaks it; for tests. Default false. */
  readonly validateResponses?: boolean;
}
