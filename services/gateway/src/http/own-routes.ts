import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HttpContract } from '@myriad/contracts';
import { docsPage } from './docs-page.js';
import type { Exchange } from './exchange.js';

export interface OwnRoutesOptions {
  readonly contracts: readonly HttpContract[];
  /** Holds `<service>.openapi.yaml`. */
  readonly openapiFolder: string;
  readonly isReady: () => boolean;
  readonly metricsText: () => Promise<string>;
}

const OPENAPI = /^\/docs\/([a-z]+)\.openapi\.yaml$/;
/** The page is plain HTML with its own style: nothing from elsewhere, no scripts. */
const DOCS_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/** What the gateway answers itself, without a key: it tells nothing of any tenant. */
export class OwnRoutes {
  private page: string | undefined;

  constructor(private readonly options: OwnRoutesOptions) {}

  /** Whether it was one of these; all are asked for by GET. */
  async serve(exchange: Exchange, path: string): Promise<boolean> {
    switch (path) {
      case '/healthz':
        return json(exchange, 200, { status: 'ok', service: 'gateway' });
      case '/readyz':
        return this.readiness(exchange);
      case '/metrics':
        return text(exchange, 200, await this.options.metricsText(), {
          'content-type': 'text/plain; version=0.0.4; charset=utf-8',
        });
      case '/docs':
        this.page ??= docsPage(this.options.contracts);
        return text(exchange, 200, this.page, DOCS_HEADERS);
      default:
        return this.openapi(exchange, path);
    }
  }

  private readiness(exchange: Exchange): boolean {
    const isReady = this.options.isReady();
    return json(exchange, isReady ? 200 : 503, { status: isReady ? 'ready' : 'not-ready', service: 'gateway' });
  }

  private async openapi(exchange: Exchange, path: string): Promise<boolean> {
    const service = OPENAPI.exec(path)?.[1];
    if (service === undefined || !this.options.contracts.some((contract) => contract.service === service)) return false;
    const yaml = await readFile(join(this.options.openapiFolder, `${service}.openapi.yaml`), 'utf8');
    return text(exchange, 200, yaml, { 'content-type': 'application/yaml; charset=utf-8' });
  }
}

function json(exchange: Exchange, status: number, body: unknown): true {
  return text(exchange, status, JSON.stringify(body), { 'content-type': 'application/json; charset=utf-8' });
}

function text(
  { response, headers }: Exchange,
  status: number,
  body: string,
  more: Readonly<Record<string, string>>,
): true {
  response.writeHead(status, { ...headers, ...more, 'content-length': Buffer.byteLength(body) });
  response.end(body);
  return true;
}
