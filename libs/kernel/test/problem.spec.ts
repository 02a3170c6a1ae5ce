import { describe, expect, it } from '@jest/globals';
import {
  PLATFORM_TENANT,
  PROBLEM_KINDS,
  ProblemError,
  assertNever,
  err,
  ok,
  problems,
  systemContext,
  tenantId,
  unwrap,
} from '../src/index.js';

const problem = problems('registry');

describe('a problem', () => {
  it('carries a stable code of its service and all that was found', () => {
    const cause = new Error('inner');
    const errors = [{ pointer: '/name', detail: 'is empty' }];
    const error = problem('invalid', 'name_invalid', 'the name is empty', { errors, cause });
    expect(error).toBeInstanceOf(ProblemError);
    expect(error).toMatchObject({
      name: 'ProblemError',
      code: 'registry.name_invalid',
      kind: 'invalid',
      errors,
      cause,
    });
    expect(error.message).toBe('the name is empty');
    expect(error.stack).toContain('problem.spec');
  });

  it('has no cause and no faults when none were given', () => {
    const error = problem('not-found', 'model_not_found', 'x');
    expect(error.errors).toEqual([]);
    expect('cause' in error).toBe(false);
  });

  it('may be tried again only when time or load was the reason', () => {
    const retryable = PROBLEM_KINDS.filter((kind) => problem(kind, 'x', 'x').retryable);
    expect([...retryable].sort()).toEqual(['rate-limited', 'timeout', 'unavailable']);
  });

  it('calls for a person only when it is our fault', () => {
    const levels = Object.fromEntries(PROBLEM_KINDS.map((kind) => [kind, problem(kind, 'x', 'x').logLevel]));
    expect(Object.keys(levels).filter((kind) => levels[kind] === 'error')).toEqual(['internal']);
    expect(
      Object.keys(levels)
        .filter((kind) => levels[kind] === 'warn')
        .sort(),
    ).toEqual(['timeout', 'unavailable']);
  });
});

describe('a result', () => {
  it('gives its value or throws its error', () => {
    const error = problem('conflict', 'x', 'x');
    expect(unwrap(ok(7))).toBe(7);
    expect(() => unwrap(err(error))).toThrow(error);
  });
});

describe('assertNever', () => {
  it('says the value that should not be', () => {
    expect(() => assertNever('odd' as never)).toThrow('unexpected value "odd"');
  });
});

describe('systemContext', () => {
  it('acts for the platform by default, without permissions', () => {
    const context = systemContext('deployer');
    expect(context).toMatchObject({
      tenantId: PLATFORM_TENANT,
      requestId: 'system',
      principal: { id: 'sys_deployer', kind: 'system' },
    });
    expect(context.principal.permissions.size).toBe(0);
  });

  it('names the event it follows from as its request', () => {
    const context = systemContext('deployer', tenantId('aa'), { causationId: 'evt', traceparent: '00-…' });
    expect(context).toMatchObject({ tenantId: 'aa', requestId: 'evt', causationId: 'evt', traceparent: '00-…' });
  });
});
