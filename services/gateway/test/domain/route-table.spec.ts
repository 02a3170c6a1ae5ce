import { describe, expect, it } from '@jest/globals';
import { httpContracts } from '@myriad/contracts';
import { RouteTable } from '../../src/domain/route-table.js';
import { routeTargets } from '../../src/entrance/route-targets.js';

describe('RouteTable', () => {
  const table = new RouteTable<string>();
  table.add('GET', '/v1/principals/:id', 'one');
  table.add('GET', '/v1/principals/me', 'me');
  table.add('PUT', '/v1/principals/:id/bindings', 'bindings');
  table.add('GET', '/v2', 'server');

  it('prefers a literal to a parameter, and comes back to the parameter when the literal leads nowhere', () => {
    expect(table.match('GET', '/v1/principals/me')).toMatchObject({ found: 'route', value: 'me' });
    expect(table.match('GET', '/v1/principals/x')).toMatchObject({ found: 'route', value: 'one' });
    expect(table.match('PUT', '/v1/principals/me/bindings')).toMatchObject({ found: 'route', value: 'bindings' });
  });

  it('knows a path by other methods, and what it knows not at all', () => {
    expect(table.match('POST', '/v2')).toEqual({ found: 'path', methods: ['GET'] });
    for (const path of ['/', '/v1', '/v1/principals', '/v1/principals/', '/v1/principals/a/b', '/v2/'])
      expect(table.match('GET', path)).toEqual({ found: 'nothing' });
  });

  it('gives the rest of a path to who takes it, a segment at least, after all that fit better', () => {
    table.add('GET', '/files/*', 'files');
    table.add('GET', '/files/:id/size', 'size');
    for (const path of ['/files/a', '/files/a/b/c', '/files/a/size/b'])
      expect(table.match('GET', path)).toMatchObject({ found: 'route', value: 'files' });
    expect(table.match('GET', '/files/a/size')).toMatchObject({ found: 'route', value: 'size' });
    for (const path of ['/files', '/files/']) expect(table.match('GET', path)).toEqual({ found: 'nothing' });
  });

  it('refuses two routes of one method and shape', () => {
    expect(() => {
      table.add('GET', '/v1/principals/:name', 'again');
    }).toThrow('two routes');
  });

  it('holds every operation of the contracts', () => {
    const targets = routeTargets();
    for (const { service, routes } of httpContracts) {
      for (const route of Object.values(routes)) {
        const match = targets.match(route.method, route.path.replaceAll(/:\w+/g, 'x1'));
        expect(match).toMatchObject({ found: 'route', value: { service, route: { operationId: route.operationId } } });
      }
    }
  });
});
