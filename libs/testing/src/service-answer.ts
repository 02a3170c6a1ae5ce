import { problemSchema, type Problem, type RouteDefinition, type RouteResponse } from '@myriad/contracts';

/** What a service answered to a test's request. */
export class ServiceAnswer<R extends RouteDefinition> {
  constructor(
    readonly route: R,
    readonly status: number,
    readonly headers: Headers,
    /** The body as it came. */
    readonly text: string,
  ) {}

  /** The body of a success, as the contract types it. @throws {Error} that quotes the refusal when it is none */
  get body(): RouteResponse<R> {
    const { operationId, status = 200 } = this.route;
    if (this.status !== status)
      throw new Error(`${operationId} answered ${this.status} instead of ${status}: ${this.text}`);
    return (this.text === '' ? undefined : JSON.parse(this.text)) as RouteResponse<R>;
  }

  /** The body of a refusal. @throws {Error} when it is none */
  get problem(): Problem {
    const isProblem = this.headers.get('content-type')?.startsWith('application/problem+json') === true;
    if (!isProblem) throw new Error(`${this.route.operationId} answered ${this.status}, no problem: ${this.text}`);
    return problemSchema.parse(JSON.parse(this.text));
  }
}
