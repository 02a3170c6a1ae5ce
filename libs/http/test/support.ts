import type { RouteDefinition } from '@myriad/contracts';
import type { Type } from '@nestjs/common';
import { Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { JWK } from 'jose';
import {
  InternalTokenVerifier,
  createHttpApp,
  generateInternalKeys,
  internalSigner,
  mintInternalToken,
  staticKeys,
  type HttpAppOptions,
  type HttpLogger,
  type InternalClaims,
} from '../src/index.js';

export interface LogLine {
  readonly level: string;
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

/** A logger whose lines a test reads. */
export function recordingLogger(): HttpLogger & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at =
    (level: string) =>
    (fields: object, message: string): void => {
      lines.push({ level, fields: fields as Record<string, unknown>, message });
    };
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export const claims: InternalClaims = {
  sub: 'usr_1',
  knd: 'user',
  tid: 'aa',
  htid: 'aa',
  perms: ['things:read', 'things:write'],
  env: 'production',
  rid: 'r1',
};

export interface TestApp {
  readonly app: NestFastifyApplication;
  readonly url: string;
  readonly port: number;
  readonly logger: ReturnType<typeof recordingLogger>;
  readonly privateJwk: JWK;
  token(more?: Partial<InternalClaims>): Promise<string>;
  /** fetch with a token; `token: ''` sends none. */
  fetch(path: string, init?: RequestInit & { token?: string }): Promise<Response>;
  close(): Promise<void>;
}

/** The controllers on a real socket, with real tokens. */
export async function startApp(controllers: Type[], options: Partial<HttpAppOptions> = {}): Promise<TestApp> {
  @Module({ controllers })
  class AppModule {}
  const { privateJwk, publicJwks } = await generateInternalKeys('k1');
  const signer = await internalSigner(privateJwk);
  const logger = recordingLogger();
  const verifier = new InternalTokenVerifier({ keys: staticKeys(publicJwks) });
  const app = await createHttpApp(AppModule, {
    service: 'test',
    logger,
    verifier,
    validateResponses: true,
    ...options,
  });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const token = (more: Partial<InternalClaims> = {}): Promise<string> =>
    mintInternalToken(signer, { ...claims, ...more });
  return {
    app,
    url,
    port: Number(new URL(url).port),
    logger,
    privateJwk,
    token,
    fetch: async (path, { token: given, ...init } = {}) => {
      const bearer = given ?? (await token());
      const headers = new Headers(init.headers);
      if (bearer !== '') headers.set('authorization', `Bearer ${bearer}`);
      if (init.body !== undefined && !headers.has('content-type')) headers.set('content-type', 'application/json');
      return fetch(`${url}${path}`, { ...init, headers });
    },
    close: () => app.close(),
  };
}

export interface ProblemBody {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly requestId: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

/** The problem a response holds; fails when it holds none. */
export async function problemIn(response: Response): Promise<ProblemBody> {
  if (response.headers.get('content-type')?.startsWith('application/problem+json') !== true) {
    throw new Error(`${response.status} ${response.headers.get('content-type') ?? ''}: ${await response.text()}`);
  }
  return (await response.json()) as ProblemBody;
}

/** Every route of a test contract in one place. */
export type Routes = Readonly<Record<string, RouteDefinition>>;
