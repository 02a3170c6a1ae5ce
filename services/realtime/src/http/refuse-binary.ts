import { realtimeProblem } from '../application/realtime-problem.js';

const HEADER = 'inference-header-content-length';

/** The part of a Fastify instance that is needed here. */
interface Hooks {
  addHook(
    name: 'onRequest',
    hook: (
      request: { headers: Readonly<Record<string, unknown>> },
      reply: unknown,
      done: (error?: Error) => void,
    ) => void,
  ): unknown;
}

/** Clients of the binary extension announce it by a header; they are told before their bytes are taken for JSON. */
export function refuseBinary(server: Hooks): void {
  server.addHook('onRequest', (request, _reply, done) => {
    if (request.headers[HEADER] === undefined) {
      done();
      return;
    }
    const detail =
      'the binary tensor extension is not supported; send JSON (in tritonclient: binary_data=False, and outputs with binary_data=False)';
    done(
      realtimeProblem('invalid', 'binary_unsupported', detail, {
        errors: [{ pointer: `#header/${HEADER}`, detail: 'sent; allowed is none' }],
      }),
    );
  });
}
