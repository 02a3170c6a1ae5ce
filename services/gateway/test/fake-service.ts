import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly body: string;
  readonly bytes: Buffer;
}

export type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A service behind the gateway: remembers what came, answers as it is told. */
export interface FakeService {
  readonly url: string;
  readonly seen: Seen[];
  answer: Answer;
  /** Requests whose client went away before the answer ended. */
  aborted: number;
  close(): Promise<void>;
}

/** Says how much came. */
export const echo: Answer = (_request, response, body) => {
  response.writeHead(200, { 'content-type': 'application/json', 'x-from': 'service' });
  response.end(JSON.stringify({ ok: true, received: body.length }));
};

export async function fakeService(port = 0): Promise<FakeService> {
  const server = createServer((request, response) => {
    response.on('close', () => {
      if (!response.writableFinished) service.aborted += 1;
    });
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      const bytes = Buffer.concat(chunks);
      const body = bytes.toString();
      const { method = '', url = '', headers, rawHeaders } = request;
      service.seen.push({ method, url, headers, rawHeaders, body, bytes });
      service.answer(request, response, body);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  const service: FakeService = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: [],
    answer: echo,
    aborted: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
  return service;
}
