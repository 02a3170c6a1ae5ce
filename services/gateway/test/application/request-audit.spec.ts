import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@myriad/kernel';
import { createLogger } from '@myriad/telemetry';
import { eventually } from '@myriad/testing';
import { AuditSink, type AuditRecord, type RequestAudited } from '../../src/application/ports.js';
import { RequestAudit, type AuditedRequest } from '../../src/application/request-audit.js';

class FakeSink extends AuditSink {
  readonly records: RequestAudited[] = [];
  isAway = false;
  isSilent = false;

  append(records: readonly AuditRecord[]): Promise<void> {
    if (this.isSilent) return new Promise(() => undefined);
    if (this.isAway) return Promise.reject(new Error('away'));
    this.records.push(...records.map(({ data }) => data));
    return Promise.resolve();
  }
}

const request: AuditedRequest = {
  tenantId: 'aa',
  principalId: 'svc_1',
  requestId: 'r1',
  method: 'POST',
  route: '/v2/models/:model/infer',
  status: 200,
  durationMs: 2,
};

function start() {
  const [sink, clock] = [new FakeSink(), new FakeClock()];
  const errors: unknown[] = [];
  const logger = createLogger({ service: 'gateway', level: 'silent' });
  logger.error = (...said: unknown[]): void => void errors.push(said);
  return { sink, clock, errors, audit: new RequestAudit({ sink, clock, logger }) };
}

describe('RequestAudit', () => {
  it('counts what is of one kind, with the mean of its durations', async () => {
    const { sink, audit } = start();
    audit.count(request);
    audit.count({ ...request, durationMs: 4, requestId: 'r2' });
    audit.count({ ...request, status: 404 });
    audit.count({ ...request, tenantId: 'bb' });
    await audit.flush();
    expect(
      sink.records.map(({ tenantId, status, count, durationMs }) => [tenantId, status, count, durationMs]),
    ).toEqual([
      ['aa', 200, 2, 3],
      ['aa', 404, 1, 2],
      ['bb', 200, 1, 2],
    ]);
  });

  it('sends each second', async () => {
    const { sink, clock, audit } = start();
    audit.start();
    audit.record(request);
    clock.advance(1000);
    await eventually(() => {
      expect(sink.records).toHaveLength(1);
    });
    await audit.close();
  });

  it('keeps records while the log is away, in order, and at the end sends what is left', async () => {
    const { sink, audit } = start();
    sink.isAway = true;
    for (let i = 0; i < 1200; i += 1) audit.record({ ...request, requestId: `r${i}` });
    await audit.flush();
    expect(sink.records).toEqual([]);
    sink.isAway = false;
    audit.record({ ...request, requestId: 'last' });
    await audit.close();
    expect(sink.records.map((record) => record.requestId)).toEqual([
      ...Array.from({ length: 1200 }, (_, i) => `r${i}`),
      'last',
    ]);
  });

  it('ends in time while the log never answers, and says how much is lost', async () => {
    const { sink, audit, clock, errors } = start();
    sink.isSilent = true;
    audit.record(request);
    audit.start();
    clock.advance(1000);
    audit.record(request);
    audit.count(request);
    const fromMs = performance.now();
    await audit.close(50);
    expect(performance.now() - fromMs).toBeLessThan(2_000);
    expect(errors).toEqual([[{ records: 3 }, expect.stringContaining('were lost')]]);
  });

  it('keeps no more than it has room for', async () => {
    const { sink, audit } = start();
    sink.isAway = true;
    for (let i = 0; i < 20_100; i += 1) audit.record(request);
    await audit.flush();
    sink.isAway = false;
    await audit.flush();
    expect(sink.records).toHaveLength(20_000);
  });
});
