import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { KEEP_ALIVE_GRACE_MS, KEEP_ALIVE_MS, type ReadinessCheck, ServerDrain, runChecks } from '@myriad/http';
import { type SigningStore, createObjectDoor } from '@myriad/storage';
import { type Logger, histogram } from '@myriad/telemetry';

export interface DoorOptions {
  readonly store: SigningStore;
  readonly logger: Pick<Logger, 'error'>;
  readonly telemetry: { metricsText(): Promise<string> };
  /** A connection on which nothing moves for so long is cut, milliseconds; longer than the store takes to finish a large object. Default 600,000. */
  readonly stalledMs?: number;
}

/** A request's head must be there within, milliseconds. */
const HEADERS_TIMEOUT_MS = 10_000;
/** An upload of 5 GB over a slow line, milliseconds. */
const LONGEST_REQUEST_MS = 6 * 3_600_000;

const duration = histogram('myriad_objects_request_seconds', 'Uploads and downloads, to their last byte', {
  unit: 'seconds',
});

/** The public door of presigned URLs: it moves the bytes of one object, in one direction, for whoever has a valid URL, and knows nobody. */
export class Door {
  private readonly server: Server;
  private readonly drain: ServerDrain;
  private readonly serveObject: (request: IncomingMessage, response: ServerResponse) => void;
  private readonly readiness: readonly ReadinessCheck[];

  constructor(private readonly options: DoorOptions) {
    const { store, logger, stalledMs = 600_000 } = options;
    this.readiness = [{ name: 'object-store', check: () => store.ping() }];
    this.serveObject = createObjectDoor(store, {
      onError: (error) => {
        logger.error({ err: error }, 'an object could not be served');
      },
    });
    const timeouts = {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: LONGEST_REQUEST_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveTimeoutBuffer: KEEP_ALIVE_GRACE_MS,
    };
    this.server = createServer(timeouts, (request, response) => {
      if (request.method !== 'GET' || !this.serveOwn(request.url ?? '', response)) this.serve(request, response);
    });
    this.server.timeout = stalledMs;
    this.drain = new ServerDrain(this.server);
  }

  /** @returns the port */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        const address = this.server.address();
        if (typeof address === 'object' && address !== null) resolve(address.port);
      });
    });
  }

  /** Ends without failing a request, see {@link ServerDrain}; what is being moved then may end within `drainMs`. */
  async close({ quietMs = 0, drainMs = 8_000 } = {}): Promise<void> {
    await this.drain.begin({ quietMs, drainMs });
    await new Promise((resolve) => this.server.close(resolve));
  }

  private serve(request: IncomingMessage, response: ServerResponse): void {
    const fromMs = performance.now();
    response.once('close', () => {
      const outcome = response.writableFinished ? String(response.statusCode) : 'broken';
      duration.record((performance.now() - fromMs) / 1_000, { method: methodOf(request), outcome });
    });
    this.serveObject(request, response);
  }

  /** Health and metrics, which tell nothing of any tenant; false when the path is another. */
  private serveOwn(path: string, response: ServerResponse): boolean {
    if (path === '/healthz') json(response, 200, { status: 'ok', service: 'objects' });
    else if (path === '/readyz') void this.serveReadiness(response);
    else if (path === '/metrics') void this.serveMetrics(response);
    else return false;
    return true;
  }

  private async serveReadiness(response: ServerResponse): Promise<void> {
    const checks = await runChecks(this.readiness);
    const isReady = !this.drain.isDraining && Object.values(checks).every(({ ok }) => ok);
    const status = this.drain.isDraining ? 'draining' : isReady ? 'ready' : 'not-ready';
    json(response, isReady ? 200 : 503, { status, service: 'objects', checks });
  }

  private async serveMetrics(response: ServerResponse): Promise<void> {
    const text = await this.options.telemetry.metricsText().catch(() => undefined);
    response.writeHead(text === undefined ? 500 : 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
    response.end(text);
  }
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}

/** One of few, whatever was sent. */
function methodOf({ method = '' }: IncomingMessage): string {
  return ['GET', 'HEAD', 'PUT'].includes(method) ? method : 'other';
}
