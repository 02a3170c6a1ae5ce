import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { PERMISSIONS, ROLES, httpContracts, type RouteDefinition } from '../index.js';

const routes = httpContracts.flatMap((contract) =>
  Object.entries(contract.routes).map(
    ([name, route]) => [`${contract.service} ${name}`, name, contract.service, route] as const,
  ),
);
const shapeOf = (schema: z.ZodType | undefined): string[] =>
  schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
const pathNames = (path: string): string[] => [
  ...[...path.matchAll(/:([A-Za-z]\w*)/g)].map(([, name]) => name ?? ''),
  ...(path.endsWith('/*') ? ['*'] : []),
];

/** Pointers of objects that would let unknown members pass. A record is no such object: it says what its members are. */
function openObjects(node: unknown, pointer = ''): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const { type, properties, additionalProperties } = node as Record<string, unknown>;
  const isOpen = type === 'object' && properties !== undefined && additionalProperties === undefined;
  const inner = Object.entries(node).flatMap(([key, value]) => openObjects(value, `${pointer}/${key}`));
  return isOpen ? [pointer === '' ? '/' : pointer, ...inner] : inner;
}

describe.each(routes)('%s', (_, name, service, route: RouteDefinition) => {
  it('is named as its operation', () => {
    expect(route.operationId).toBe(name);
    expect(route.operationId).toMatch(/^[a-z][A-Za-z0-9]*$/);
  });

  it('has a path parameter for each name in its path, and no other', () => {
    expect(shapeOf(route.params).sort()).toEqual(pathNames(route.path).sort());
  });

  it('needs a permission that exists', () => {
    expect([...PERMISSIONS, 'none', 'public']).toContain(route.permission);
  });

  it('takes a body only where a method has one, and one kind of it', () => {
    if (route.body === undefined && route.streamedBody === undefined) return;
    expect(['POST', 'PUT', 'PATCH', 'DELETE']).toContain(route.method);
    expect(route.body === undefined || route.streamedBody === undefined).toBe(true);
  });

  it('refuses unknown members of its body, however deep', () => {
    // MLflow's servers skip what they don't know, and its clients of other versions count on that
    if (route.body === undefined || route.body instanceof z.ZodUnknown || route.dialect === 'mlflow') return;
    expect(openObjects(z.toJSONSchema(route.body, { io: 'input', unrepresentable: 'any' }))).toEqual([]);
  });

  it('names its problems by the service or the library that refuses', () => {
    for (const code of route.problems ?? []) expect(code).toMatch(/^[a-z-]+(\.[a-z0-9_-]+)+$/);
    expect(new Set(route.problems).size).toBe((route.problems ?? []).length);
    expect(service).toMatch(/^[a-z]+$/);
  });

  it('speaks the dialect of its path', () => {
    expect(route.dialect).toBe(/^\/api\/\d\.0\/mlflow/.test(route.path) ? 'mlflow' : undefined);
  });

  it('says in a sentence what it does', () => {
    expect(route.summary.trim()).toBe(route.summary);
    expect(route.summary.length).toBeGreaterThan(2);
  });

  it('pages every list', () => {
    const isList = route.response instanceof z.ZodObject && 'nextPageToken' in route.response.shape;
    if (isList) expect(shapeOf(route.query)).toEqual(expect.arrayContaining(['pageSize', 'pageToken']));
  });
});

describe('the routes together', () => {
  it('have operation ids of their own', () => {
    const ids = routes.map(([, name]) => name);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  it('have methods and paths of their own, across services: the gateway forwards by them', () => {
    const doors = routes.map(([, , , route]) => `${route.method} ${route.path.replaceAll(/:\w+/g, ':')}`);
    expect(doors.filter((door, index) => doors.indexOf(door) !== index)).toEqual([]);
  });

  it('leave no permission without a role that holds it', () => {
    const held = new Set<string>(Object.values(ROLES).flat());
    expect(PERMISSIONS.filter((permission) => !held.has(permission))).toEqual([]);
  });

  it('ask only for what the platform tenant has where they belong to it', () => {
    const platform = routes.filter(([, , , route]) => route.scope === 'platform');
    expect(platform.length).toBeGreaterThan(0);
    for (const [, , , route] of platform) expect(route.permission).not.toBe('public');
  });
});
