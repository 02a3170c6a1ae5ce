import { HTTP_METHODS } from '@myriad/contracts';
import type { Client, RawRequest } from './client.js';
import { MODEL } from './model-way.js';
import type { World } from './refusals-world.js';
import { inferBody, machineRows } from './tables.js';

/** Somebody asks for something that must be refused in these words. */
export interface RefusedCase {
  readonly name: string;
  readonly ask: (world: World) => { readonly client: Client; readonly request: RawRequest };
  readonly status: number;
  readonly code: string;
}

const [GET, POST, PUT] = HTTP_METHODS;
const JSON_TYPE = { 'content-type': 'application/json' };
const me: RawRequest = { method: GET, path: '/v1/principals/me' };
const post = (path: string, body: string): RawRequest => ({ method: POST, path, headers: JSON_TYPE, body });
const dataset = (body: string): RawRequest => post('/v1/datasets', body);
const content = (body: string | Buffer, format = 'csv'): RawRequest => ({
  method: PUT,
  path: `/v1/datasets/machines/content?format=${format}`,
  headers: { 'content-type': format === 'csv' ? 'text/csv' : 'application/vnd.apache.parquet' },
  body,
});

const credentials: readonly RefusedCase[] = [
  {
    name: 'no key',
    ask: ({ owner }) => ({ client: owner.program.client.with({ key: '' }), request: me }),
    status: 401,
    code: 'gateway.credential_missing',
  },
  {
    name: 'a key that was never issued',
    ask: ({ owner: { program } }) => ({
      client: program.client.with({ key: `${program.client.key.slice(0, -4)}aaaa` }),
      request: me,
    }),
    status: 401,
    code: 'gateway.key_invalid',
  },
  {
    name: 'a key that expired',
    ask: ({ expired }) => ({ client: expired, request: me }),
    status: 401,
    code: 'gateway.key_expired',
  },
  {
    name: 'a key that was revoked',
    ask: ({ revoked }) => ({ client: revoked, request: me }),
    status: 401,
    code: 'gateway.key_revoked',
  },
  {
    name: 'a tenant that there is not',
    ask: ({ mesh }) => ({ client: mesh.admin.in('nobody'), request: me }),
    status: 404,
    code: 'gateway.tenant_unknown',
  },
  {
    name: "another tenant's key",
    ask: ({ owner, stranger }) => ({ client: stranger.steward.client.in(owner.tenantId), request: me }),
    status: 403,
    code: 'gateway.tenant_forbidden',
  },
  {
    name: 'a permission that the role lacks',
    ask: ({ owner }) => ({
      client: owner.program.client,
      request: post('/v1/principals', '{"kind":"user","name":"x"}'),
    }),
    status: 403,
    code: 'gateway.permission_missing',
  },
];

const bodies: readonly RefusedCase[] = [
  ['JSON that breaks off', '{"name":', 400, 'http.malformed_json'],
  ['a number where a name belongs', '{"name":7}', 400, 'http.validation_failed'],
  ['a member that there is not', '{"name":"x","colour":"red"}', 400, 'http.validation_failed'],
  ['a body that is too large', `{"name":"${'x'.repeat(1_100_000)}"}`, 413, 'gateway.body_too_large'],
].map(([name, body, status, code]) => ({
  name: name as string,
  ask: ({ owner }) => ({ client: owner.program.client, request: dataset(body as string) }),
  status: status as number,
  code: code as string,
}));

const files: readonly RefusedCase[] = (
  [
    ['CSV with a row that is too long', 'a,b\n1,2\n3,4,5\n', 'csv', 'registry.csv_ragged'],
    ['CSV that is not UTF-8', Buffer.from([...Buffer.from('a,b\n1,'), 0xe9, 0x0a]), 'csv', 'registry.csv_encoding'],
    ['an empty file', '', 'csv', 'registry.file_empty'],
    ['a header without rows', 'a,b\n', 'csv', 'registry.file_empty'],
    ['a header that names a column twice', 'a,a\n1,2\n', 'csv', 'registry.csv_duplicate_header'],
    ['Parquet that is cut off', Buffer.from('PAR1\x15\x04\x15\x20'), 'parquet', 'registry.file_invalid'],
  ] as const
).map(([name, body, format, code]) => ({
  name,
  ask: ({ owner }) => ({ client: owner.program.client, request: content(body, format) }),
  status: 422,
  code,
}));

const decisions: readonly RefusedCase[] = [
  {
    name: "the approval of one's own request",
    ask: ({ stranger, pending }) => ({
      client: stranger.steward.client,
      request: decision(pending.approvalId, pending.evidenceDigest),
    }),
    status: 403,
    code: 'auth.own_request',
  },
  {
    name: 'the approval of other evidence than there is',
    ask: ({ mesh, stranger, pending }) => ({
      client: mesh.admin.in(stranger.tenantId),
      request: decision(pending.approvalId, `sha256:${'0'.repeat(64)}`),
    }),
    status: 409,
    code: 'auth.evidence_changed',
  },
  {
    name: "an alias on another tenant's version",
    ask: ({ stranger }) => ({
      client: stranger.steward.client,
      request: {
        method: PUT,
        path: `/v1/models/${MODEL}/aliases/champion`,
        headers: JSON_TYPE,
        body: '{"version":1,"reason":"mine now"}',
      },
    }),
    status: 404,
    code: 'registry.model_version_not_found',
  },
];

function decision(approvalId: string, evidenceDigest: string): RawRequest {
  return post(`/v1/approvals/${approvalId}/decision`, JSON.stringify({ decision: 'approved', evidenceDigest }));
}

const row = machineRows(1, 3);
const input = (name: string, datatype: string, shape: number[], data: unknown[]): object => ({
  name,
  datatype,
  shape,
  data,
});
const [load, age, region] = [
  input('load', 'FP32', [1, 1], [1]),
  input('age', 'FP32', [1, 1], [2]),
  input('region', 'BYTES', [1, 1], ['north']),
];
const inputs = (...list: object[]): string => JSON.stringify({ inputs: list });
const MANY = 1_000_000;
const many = (): string => {
  const numbers = `[${'1,'.repeat(MANY - 1)}1]`;
  const one = (name: string): string => `{"name":"${name}","datatype":"FP32","shape":[${MANY},1],"data":${numbers}}`;
  const texts = `[${'"n",'.repeat(MANY - 1)}"n"]`;
  return `{"inputs":[${one('load')},${one('age')},{"name":"region","datatype":"BYTES","shape":[${MANY},1],"data":${texts}}]}`;
};

const predictions: readonly RefusedCase[] = (
  [
    [
      'a shape that the model has not',
      () => inputs(input('load', 'FP32', [1, 2], [1, 2]), age, region),
      'shape_mismatch',
    ],
    ['another datatype', () => inputs(input('load', 'INT64', [1, 1], [1]), age, region), 'datatype_mismatch'],
    ['an input that is missing', () => inputs(load, age), 'input_missing'],
    [
      'an input that there is not',
      () => inputs(load, age, region, input('x', 'FP32', [1, 1], [1])),
      'input_unexpected',
    ],
    ['a word where a number belongs', () => inputs(input('load', 'FP32', [1, 1], ['x']), age, region), 'value_invalid'],
    ['no inputs at all', () => '{}', 'request_invalid'],
  ] as const
).map(([name, body, code]) => ({ ...predicting(name, body, 400), code: `inference.${code}` }));

function predicting(name: string, body: () => string, status: number): Omit<RefusedCase, 'code'> {
  return {
    name: `a prediction with ${name}`,
    ask: ({ owner }) => ({ client: owner.program.client, request: post(`/v2/models/${MODEL}/infer`, body()) }),
    status,
  };
}

export const REFUSED: readonly RefusedCase[] = [
  ...credentials,
  ...bodies,
  ...files,
  ...decisions,
  ...predictions,
  {
    ...predicting('NaN, which JSON has not', () => inferBody(row).replace(/"data":\[[^\]]*\]/, '"data":[NaN]'), 400),
    code: 'http.malformed_json',
  },
  { ...predicting('a million rows', many, 413), code: 'inference.too_many_rows' },
  {
    name: 'a prediction by a model that the tenant has not',
    ask: ({ stranger }) => ({
      client: stranger.program.client,
      request: post(`/v2/models/${MODEL}/infer`, inferBody(row)),
    }),
    status: 404,
    code: 'gateway.model_not_placed',
  },
];
