import { describe, expect, it } from '@jest/globals';
import { ProblemError, type ProblemKind } from '@myriad/kernel';
import { z } from 'zod';
import { isMlflowUrl, problemOf, spokenFor } from '../../src/index.js';
import { schemasOf, validateParts } from '../../src/validate.js';

const URL = '/api/2.0/mlflow/runs/get?run_id=1';
const told = (kind: ProblemKind, code = 'training.any'): unknown =>
  spokenFor(URL, problemOf(new ProblemError({ kind, code, detail: 'why' }), 'r'));

describe('refusals to clients of MLflow', () => {
  it('have the code and the message that they read, beside the members of a problem', () => {
    expect(told('not-found')).toMatchObject({
      status: 404,
      code: 'training.any',
      detail: 'why',
      error_code: 'RESOURCE_DOES_NOT_EXIST',
      message: 'why',
    });
  });

  it.each([
    ['invalid', 'INVALID_PARAMETER_VALUE'],
    ['unauthenticated', 'UNAUTHENTICATED'],
    ['forbidden', 'PERMISSION_DENIED'],
    ['conflict', 'RESOURCE_CONFLICT'],
    ['rate-limited', 'REQUEST_LIMIT_EXCEEDED'],
    ['unavailable', 'TEMPORARILY_UNAVAILABLE'],
    ['timeout', 'DEADLINE_EXCEEDED'],
    ['unsupported', 'NOT_IMPLEMENTED'],
    ['internal', 'INTERNAL_ERROR'],
  ] as const)('%s is %s', (kind, code) => {
    expect(told(kind)).toMatchObject({ error_code: code });
  });

  it('tell what exists already from other conflicts', () => {
    expect(told('conflict', 'training.experiment_exists')).toMatchObject({ error_code: 'RESOURCE_ALREADY_EXISTS' });
  });

  it('are for the paths of its API alone', () => {
    for (const path of [URL, '/api/3.0/mlflow/server-info', '/ajax-api/2.0/mlflow-artifacts/artifacts/a'])
      expect(isMlflowUrl(path)).toBe(true);
    for (const path of ['/v1/runs', '/api/2.0/mlflowx', '/x/api/2.0/mlflow/runs/get'])
      expect(isMlflowUrl(path)).toBe(false);
    expect(spokenFor('/v1/runs', problemOf(new Error('x'), 'r'))).not.toHaveProperty('error_code');
  });

  it('name a parameter that is missing or wrong; members that are not known are skipped', () => {
    const body = z.object({ name: z.string().min(1), size: z.int().default(1) });
    const schemas = schemasOf({ dialect: 'mlflow', body } as unknown as Parameters<typeof schemasOf>[0]);
    const parsed = (sent: unknown) => validateParts(schemas, { params: {}, query: { any: '1' }, body: sent }).body;
    expect(parsed({ name: 'a', other: 1 })).toEqual({ name: 'a', size: 1 });
    for (const missing of [{}, { name: '' }])
      expect(() => parsed(missing)).toThrow("Missing value for required parameter 'name'. See the API docs");
    expect(() => parsed({ name: 'a', size: 'x' })).toThrow(
      "Invalid value for parameter 'size' supplied: sent the string",
    );
  });
});
