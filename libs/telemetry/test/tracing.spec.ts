import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import {
  currentTraceparent,
  isTraceparent,
  newTraceparent,
  runWithTraceparent,
  startTelemetry,
  withSpan,
} from '../src/index.js';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT = `00-${TRACE_ID}-00f067aa0ba902b7-01`;

describe('traceparent', () => {
  it('is carried along promises and callbacks, and ends with the function', async () => {
    const seen = await runWithTraceparent(TRACEPARENT, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return currentTraceparent();
    });
    expect(seen).toBe(TRACEPARENT);
    expect(currentTraceparent()).toBeUndefined();
  });

  it('keeps concurrent callers apart', async () => {
    const traces = Array.from({ length: 20 }, () => newTraceparent());
    const seen = await Promise.all(
      traces.map((traceparent) =>
        runWithTraceparent(traceparent, async () => {
          await new Promise((resolve) => setImmediate(resolve));
          return currentTraceparent();
        }),
      ),
    );
    expect(seen).toEqual(traces);
  });

  it.each([
    '',
    'garbage',
    `ff-${TRACE_ID}-00f067aa0ba902b7-01`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${TRACE_ID}-${'0'.repeat(16)}-01`,
    TRACEPARENT.toUpperCase(),
  ])('ignores %p', (text) => {
    expect(isTraceparent(text)).toBe(false);
    expect(runWithTraceparent(text, currentTraceparent)).toBeUndefined();
  });

  it('is passed on by spans when nothing is exported', async () => {
    const seen = await runWithTraceparent(TRACEPARENT, () => withSpan('work', {}, currentTraceparent));
    expect(seen).toBe(TRACEPARENT);
  });
});

describe('withSpan', () => {
  it('gives the value and throws the error on', async () => {
    expect(await withSpan('work', {}, () => 7)).toBe(7);
    await expect(withSpan('work', {}, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });

  it('sends spans of one trace to the collector', async () => {
    const bodies: string[] = [];
    const collector = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        bodies.push(`${request.url ?? ''} ${Buffer.concat(chunks).toString()}`);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    const { port } = collector.address() as AddressInfo;
    const telemetry = await startTelemetry({ service: 'training', otlpEndpoint: `http://127.0.0.1:${port}/` });
    let inner: string | undefined;
    await runWithTraceparent(TRACEPARENT, () =>
      withSpan('outer', { 'myriad.jobs': 2 }, () =>
        withSpan('inner', {}, () => {
          inner = currentTraceparent();
        }),
      ),
    );
    await telemetry.shutdown();
    await new Promise((resolve) => collector.close(resolve));
    expect(inner).toMatch(new RegExp(`^00-${TRACE_ID}-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$`));
    const text = bodies.join('\n');
    expect(text).toContain('/v1/traces');
    for (const part of ['outer', 'inner', 'training', 'myriad.jobs']) expect(text).toContain(part);
  });
});
