import { createServer, type Server, type ServerResponse } from 'node:http';
import { ConfigError } from '@myriad/config';
import { runChecks } from './health.js';
import type { HttpAppOptions } from './options.js';

export type AdminDoorOptions = Pick<HttpAppOptions, 'service' | 'readiness' | 'telemetry'>;

/**
 * Health and metrics on a plain port of their own: a kubelet and a scraper have no client certificate. It knows no other path and tells
 * nothing of any tenant.
 */
export class AdminDoor {
  private readonly server: Server;
  private isDraining = false;

  constructor(private readonly options: AdminDoorOptions) {
    this.server = createServer({ headersTimeout: 5_000, requestTimeout: 10_000 }, (request, response) => {
      void this.serve(request.method === 'GET' ? (request.url ?? '') : '', response);
    });
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

  /** From now on it is not ready: the service ends. */
  drain(): void {
    this.isDraining = true;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => {
        resolve();
      });
      this.server.closeAllConnections();
    });
  }

  private async serve(path: string, response: ServerResponse): Promise<void> {
    const { service, readiness = [], telemetry } = this.options;
    if (path === '/healthz') {
      json(response, 200, { status: 'ok', service });
    } else if (path === '/readyz') {
      const checks = await runChecks(readiness);
      const ok = !this.isDraining && Object.values(checks).every((check) => check.ok);
      json(response, ok ? 200 : 503, {
        status: this.isDraining ? 'draining' : ok ? 'ready' : 'not-ready',
        service,
        checks,
      });
    } else if (path === '/metrics' && telemetry !== undefined) {
      const text = await telemetry.metricsText().catch(() => undefined);
      response.writeHead(text === undefined ? 500 : 200, {
        'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      });
      response.end(text);
    } else {
      response.writeHead(404).end();
    }
  }
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}

/**
 * Opens the door when `ADMIN_PORT` is set.
 * @throws {ConfigError} when it is not, but TLS is on: nobody could ask how the service is
 */
export async function openAdminDoor(
  config: {
    readonly HOST: string;
    readonly ADMIN_PORT?: number | undefined;
    readonly TLS_CERT_FILE?: string | undefined;
  },
  options: AdminDoorOptions,
): Promise<AdminDoor | undefined> {
  if (config.ADMIN_PORT === undefined) {
    if (config.TLS_CERT_FILE === undefined) return undefined;
    const message = 'is required with TLS_CERT_FILE: kubelets and scrapers have no certificate';
    throw new ConfigError([{ variable: 'ADMIN_PORT', message }]);
  }
  const door = new AdminDoor(options);
  await door.listen(config.ADMIN_PORT, config.HOST);
  return door;
}
