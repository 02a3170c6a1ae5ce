import { once } from 'node:events';
import { type IncomingMessage, type Server, type ServerResponse, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Place } from './weather.js';

/** What an HTTP server behind a proxy seems to do. */
export interface HttpWeather {
  /** This share of the requests, 0–1, is hit; the others pass. Default 1. */
  readonly share?: number;
  /**
   * `unavailable`: 503 with S3's SlowDown. `reset`: the connection breaks. `truncate`: half of a download, then a reset. `corrupt`: a download with one
   * byte changed. `slow`: an answer `delayMs` later.
   */
  readonly kind: 'fair' | 'unavailable' | 'reset' | 'truncate' | 'corrupt' | 'slow';
  readonly delayMs?: number;
}

const SLOW_DOWN = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`;

/** A server of the S3 protocol (or any HTTP) with trouble of its own making. */
export class ChaosHttp implements Place<HttpWeather> {
  private weather: HttpWeather = { kind: 'fair' };
  private turn = 0;
  hits = 0;

  private constructor(
    private readonly server: Server,
    private readonly targetPort: () => number,
  ) {
    server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => void this.serve(incoming, outgoing));
  }

  static async open(targetPort: () => number): Promise<ChaosHttp> {
    const server = createServer({ requestTimeout: 0, keepAliveTimeout: 5_000 });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ChaosHttp(server, targetPort);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  set(weather: HttpWeather): void {
    this.weather = weather;
    this.hits = 0;
  }

  clear(): void {
    this.weather = { kind: 'fair' };
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private async serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { kind, delayMs = 0 } = this.weather;
    if (!this.isHit(incoming)) {
      this.pass(incoming, outgoing);
      return;
    }
    this.hits += 1;
    if (kind === 'unavailable') {
      incoming.resume();
      outgoing.writeHead(503, { 'content-type': 'application/xml', connection: 'close' }).end(SLOW_DOWN);
    } else if (kind === 'reset') incoming.socket.resetAndDestroy();
    else if (kind === 'slow') {
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      this.pass(incoming, outgoing);
    } else if (kind === 'truncate' || kind === 'corrupt') this.pass(incoming, outgoing, kind);
  }

  private isHit({ method, url = '' }: IncomingMessage): boolean {
    const { kind, share = 1 } = this.weather;
    const isDownload = method === 'GET' && !/[?&](?:list-type|location|uploads)\b/.test(url);
    if (kind === 'fair' || (['truncate', 'corrupt'].includes(kind) && !isDownload)) return false;
    // evenly spread, so that a retry meets other weather than the attempt before
    this.turn += 1;
    return Math.floor(this.turn * share) > Math.floor((this.turn - 1) * share);
  }

  private pass(incoming: IncomingMessage, outgoing: ServerResponse, damage?: 'truncate' | 'corrupt'): void {
    const { method, url, rawHeaders } = incoming;
    const onward = request(
      { host: '127.0.0.1', port: this.targetPort(), method, path: url, headers: headersOf(rawHeaders), agent: false },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        if (damage === undefined || ![200, 206].includes(answer.statusCode ?? 0)) answer.pipe(outgoing);
        else spoil(answer, outgoing, damage);
        answer.on('error', () => outgoing.destroy());
      },
    );
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  }
}

/** Half of what comes, or all of it with its last byte changed. */
function spoil(answer: IncomingMessage, outgoing: ServerResponse, damage: 'truncate' | 'corrupt'): void {
  const chunks: Buffer[] = [];
  answer.on('data', (chunk: Buffer) => chunks.push(chunk));
  answer.on('end', () => {
    const bytes = Buffer.concat(chunks);
    if (bytes.length === 0) outgoing.end();
    else if (damage === 'truncate')
      outgoing.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => outgoing.socket?.resetAndDestroy());
    else {
      const at = Math.floor(bytes.length / 2);
      bytes.writeUInt8(bytes.readUInt8(at) ^ 0x20, at);
      outgoing.end(bytes);
    }
  });
}

function headersOf(rawHeaders: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2);
    const before = headers[name];
    headers[name] = before === undefined ? value : [before, value].flat();
  }
  return headers;
}
