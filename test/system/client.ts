import { randomUUID } from 'node:crypto';
import { type Problem, type RouteDefinition, problemSchema } from '@myriad/contracts';
import type { z } from 'zod';

/** What a route takes. */
export interface CallInput<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly params?: z.input<P>;
  readonly query?: z.input<Q>;
  readonly body?: z.input<B>;
}

export interface RawRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/** A refusal, as the platform said it. */
export class Refused extends Error {
  constructor(
    readonly problem: Problem,
    call: string,
  ) {
    super(`${call}: ${problem.status} ${problem.code}: ${problem.detail} ${JSON.stringify(problem.errors ?? [])}`);
    this.name = 'Refused';
  }
}

/** So long a patient client tries again what could not be done for the moment, milliseconds. */
const PATIENCE_MS = 75_000;
const PAUSE_MS = 100;
const FOR_THE_MOMENT = new Set([408, 429, 502, 503, 504]);

/** Calls the gateway as somebody: by the contracts, or any way at all. */
export class Client {
  constructor(
    readonly url: string,
    readonly key: string,
    private readonly options: { readonly tenantId?: string; readonly isPatient?: boolean } = {},
  ) {}

  /** The same place, with another key; none when it is empty. */
  with({ key }: { readonly key: string }): Client {
    return new Client(this.url, key, this.options);
  }

  /** The same caller, acting in another tenant. */
  in(tenantId: string): Client {
    return new Client(this.url, this.key, { ...this.options, tenantId });
  }

  /** The same caller, who takes every refusal as it comes. */
  impatient(): Client {
    return new Client(this.url, this.key, { ...this.options, isPatient: false });
  }

  /** The same caller, who tries again what is refused for the moment or breaks off. */
  patient(): Client {
    return new Client(this.url, this.key, { ...this.options, isPatient: true });
  }

  /** @throws {Refused} with the problem; or what does not agree with the contract. */
  async call<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType>(
    route: RouteDefinition<P, Q, B, R>,
    input: CallInput<P, Q, B> = {},
  ): Promise<z.output<R>> {
    const answer = await this.send({
      method: route.method,
      path: pathOf(route.path, input.params ?? {}, input.query ?? {}),
      headers: {
        ...(route.method === 'POST' && { 'idempotency-key': randomUUID() }),
        ...(input.body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(input.body !== undefined && { body: JSON.stringify(input.body) }),
    });
    if (answer.status >= 400) throw new Refused(problemOf(answer), route.operationId);
    if (answer.text === '') return undefined as z.output<R>;
    return route.response.parse(JSON.parse(answer.text));
  }

  /** Whatever comes back; headers of the caller go first unless they are given. */
  async send(request: RawRequest): Promise<Answer> {
    const untilMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const outcome = await this.attempt(request).catch((cause: unknown) => ({ cause }));
      const isOver = this.options.isPatient !== true || performance.now() > untilMs;
      if ('cause' in outcome) {
        if (isOver) throw new Error(`${request.method} ${request.path} broke off`, { cause: outcome.cause });
      } else if (isOver || !isForTheMoment(outcome)) return outcome;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  private async attempt({ method, path, headers, body }: RawRequest): Promise<Answer> {
    const { tenantId } = this.options;
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(this.key !== '' && { authorization: `Bearer ${this.key}` }),
        ...(tenantId !== undefined && { 'x-myriad-tenant': tenantId }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : new Uint8Array(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    return { status: response.status, contentType: response.headers.get('content-type') ?? '', text };
  }
}

/** @throws when the answer is no problem+json. */
export function problemOf(answer: Answer): Problem {
  if (!answer.contentType.startsWith('application/problem+json'))
    throw new Error(`${answer.status} is no problem+json but ${answer.contentType}: ${answer.text.slice(0, 500)}`);
  return problemSchema.parse(JSON.parse(answer.text));
}

/** A route's path with its parameters and query in place. */
export function pathOf(path: string, params: object, query: object = {}): string {
  const named = new Map<string, unknown>(Object.entries(params));
  const filled = path.replaceAll(/:(\w+)/g, (_all, name: string) => encodeURIComponent(String(named.get(name))));
  const sent = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(sent.map(([name, value]): [string, string] => [name, String(value)])).toString();
  return search === '' ? filled : `${filled}?${search}`;
}

function isForTheMoment(answer: Answer): boolean {
  return FOR_THE_MOMENT.has(answer.status) || answer.text.includes('"http.idempotency_in_progress"');
}
