// One OpenAPI 3.1 page a service, from its HttpContract.
import { z } from 'zod';
import { jsonSchemaOf } from './json-schema.mjs';

const OPENAPI_VERSION = '3.1.1';

/** Answers that any operation may give; the details are in the problem's `code`. */
const COMMON_PROBLEMS = {
  400: ['InvalidRequest', 'The request breaks a rule: `errors` says where, what was sent and what is allowed.'],
  401: ['Unauthenticated', 'No key or token, or one that is wrong, expired or revoked.'],
  403: ['Forbidden', 'The caller lacks the permission (`x-permission`) in the acting tenant.'],
  413: ['TooLarge', 'The body is longer than the operation takes.'],
  415: ['UnsupportedMediaType', 'The body is of another media type than the operation takes.'],
  429: ['RateLimited', 'Too many requests; `Retry-After` says when to try again.'],
};

/** The page of a contract. */
export function openApiOf(contract, { problemSchema, version }) {
  const routes = Object.values(contract.routes);
  const paths = {};
  for (const route of routes) {
    const path = templateOf(route.path);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, contract) };
  }
  return {
    openapi: OPENAPI_VERSION,
    info: { title: contract.title, version, description: contract.description },
    servers: [{ url: '/', description: 'the gateway' }],
    security: [{ key: [] }],
    tags: [{ name: contract.service, description: contract.title }],
    paths,
    components: componentsOf(problemSchema),
  };
}

/** `/v1/things/:name` as `/v1/things/{name}`; the rest of a path, which OpenAPI has no word for, as `{path}`. */
export function templateOf(path) {
  return path.replaceAll(/:([A-Za-z]\w*)/g, '{$1}').replace(/\*$/, `{${REST}}`);
}

const REST = 'path';

function operationOf(route, contract) {
  const isPublic = route.permission === 'public';
  return {
    operationId: route.operationId,
    summary: route.summary,
    tags: [contract.service],
    'x-permission': route.permission,
    ...(route.scope === 'platform' ? { 'x-scope': 'platform' } : {}),
    ...(isPublic ? { security: [] } : {}),
    ...parametersOf(route, isPublic),
    ...requestBodyOf(route),
    responses: responsesOf(route, isPublic),
    ...(route.problems?.length > 0 ? { 'x-problems': [...route.problems].sort() } : {}),
  };
}

function parametersOf(route, isPublic) {
  const parameters = [
    ...namedParameters(route.params, 'path'),
    ...namedParameters(route.query, 'query'),
    ...(isPublic ? [] : [{ $ref: '#/components/parameters/Tenant' }, { $ref: '#/components/parameters/Environment' }]),
    ...(route.method === 'POST' && !isPublic ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []),
  ];
  return parameters.length > 0 ? { parameters } : {};
}

function namedParameters(schema, where) {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = jsonSchemaOf(schema);
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name: name === '*' ? REST : name,
    in: where,
    required: where === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

function requestBodyOf(route) {
  if (route.streamedBody !== undefined) {
    const content = Object.fromEntries(route.streamedBody.map((mediaType) => [mediaType, {}]));
    return { requestBody: { required: true, content, ...limitOf(route) } };
  }
  if (route.body === undefined) return {};
  const schema = jsonSchemaOf(route.body);
  const required = (schema.required ?? []).length > 0 || schema.type !== 'object';
  const others = (route.bytesBody ?? []).filter((mediaType) => mediaType !== 'application/json');
  const content = {
    'application/json': { schema },
    ...Object.fromEntries(others.map((mediaType) => [mediaType, {}])),
  };
  return { requestBody: { required, content, ...limitOf(route) } };
}

function limitOf({ maxBodyBytes }) {
  return maxBodyBytes === undefined ? {} : { 'x-max-body-bytes': maxBodyBytes };
}

function responsesOf(route, isPublic) {
  const problems = Object.entries(COMMON_PROBLEMS)
    .filter(([status]) => isNeeded(Number(status), route, isPublic))
    .map(([status, [name]]) => [status, { $ref: `#/components/responses/${name}` }]);
  return {
    [route.status ?? 200]: successOf(route),
    ...Object.fromEntries(problems),
    default: { $ref: '#/components/responses/Problem' },
  };
}

function isNeeded(status, route, isPublic) {
  if (status === 401 || status === 403) return !isPublic;
  if (status === 413 || status === 415) return route.body !== undefined || route.streamedBody !== undefined;
  return true;
}

function successOf(route) {
  const isEmpty = route.status === 204 || route.response instanceof z.ZodNull || route.response instanceof z.ZodVoid;
  const headers = { 'x-request-id': { $ref: '#/components/headers/RequestId' } };
  if (isEmpty) return { description: 'Done; no body.', headers };
  const schema = jsonSchemaOf(route.response, 'output');
  const mediaType = route.responseType ?? 'application/json';
  const description = mediaType === 'text/event-stream' ? 'Server-sent events; the data of each is JSON.' : 'Done.';
  return { description, headers, content: { [mediaType]: { schema } } };
}

function componentsOf(problemSchema) {
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
  const retryAfter = { 'retry-after': { schema: { type: 'integer' }, description: 'seconds' } };
  const problems = Object.entries(COMMON_PROBLEMS).map(([status, [name, description]]) => [
    name,
    { description, ...(status === '429' ? { headers: retryAfter } : {}), content },
  ]);
  return {
    securitySchemes: {
      key: {
        type: 'http',
        scheme: 'bearer',
        description: 'An API key (`myr_…`) or an access token from POST /v1/tokens.',
      },
    },
    headers: { RequestId: { schema: { type: 'string' }, description: 'names the request in logs and problems' } },
    parameters: {
      Tenant: headerParameter('X-Myriad-Tenant', 'The tenant to act in; default the home tenant of the caller.'),
      Environment: headerParameter('X-Myriad-Environment', 'The environment to act in; default `production`.'),
      IdempotencyKey: {
        ...headerParameter('Idempotency-Key', 'Sent again, the same request is done once and answered alike.'),
        schema: { type: 'string', minLength: 1, maxLength: 128 },
      },
    },
    responses: {
      ...Object.fromEntries(problems),
      Problem: {
        description: 'Refused or failed; `code` is stable, `x-problems` lists those of the operation.',
        content,
      },
    },
    schemas: { Problem: jsonSchemaOf(problemSchema, 'output') },
  };
}

function headerParameter(name, description) {
  return { name, in: 'header', required: false, description, schema: { type: 'string' } };
}
