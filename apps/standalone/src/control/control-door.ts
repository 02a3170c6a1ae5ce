import { createHash, timingSafeEqual } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { type ControlAnswer, controlRoutes } from './control-routes.js';
import type { Mesh } from './mesh.port.js';

const LARGEST_BODY_BYTES = 64 * 1024;

/**
 * The supervisor's HTTP door on the loopback interface; every call needs `Authorization: Bearer <token>`. The deployer keeps serving processes
 * through it, `npm run status` and the tests look through it.
 */
export async function openControlDoor(mesh: Mesh, port: number, token: string): Promise<{ close(): Promise<void> }> {
  const route = controlRoutes(mesh);
  const server = createServer((request, response) => {
    void handle(request, token, route).then(
      (answer) => {
        send(response, answer);
      },
      (error: unknown) => {
        send(response, { status: 500, body: { detail: (error as Error).message } });
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return { close: () => closeServer(server) };
}

async function handle(
  request: IncomingMessage,
  token: string,
  route: ReturnType<typeof controlRoutes>,
): Promise<ControlAnswer> {
  if (!isAuthorized(request.headers.authorization, token))
    return { status: 401, body: { detail: 'needs the bearer token of secrets/control.token' } };
  const text = await readBody(request);
  if (text === undefined) return { status: 413, body: { detail: `a body may have ${LARGEST_BODY_BYTES} bytes` } };
  let body: unknown;
  try {
    body = text === '' ? undefined : JSON.parse(text);
  } catch {
    return { status: 400, body: { detail: 'the body is not JSON' } };
  }
  return route(request.method ?? '', request.url ?? '', body);
}

/** Digests have equal lengths, so the comparison tells nothing by its time. */
function isAuthorized(header: string | undefined, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${token}`));
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > LARGEST_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, { status, body }: ControlAnswer): void {
  const isProblem = status >= 400;
  const text = JSON.stringify(isProblem ? { type: 'about:blank', status, ...(body as object) } : body);
  response.writeHead(status, { 'content-type': isProblem ? 'application/problem+json' : 'application/json' });
  response.end(status === 204 ? undefined : text);
}

async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}
