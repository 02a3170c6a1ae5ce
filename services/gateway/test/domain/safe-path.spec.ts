import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isSafePath } from '../../src/domain/safe-path.js';

describe('isSafePath', () => {
  it.each([
    '/',
    '/v1/models',
    '/v1/models/a.b-c_d/versions/1',
    '/v1/x/%41',
    '/.well-known/jwks.json',
    '/v1/a..b',
    '/v1/...',
  ])('lets %s pass', (path) => {
    expect(isSafePath(path)).toBe(true);
  });

  it.each([
    '',
    'v1',
    '*',
    '/a/..',
    '/a/../b',
    '/a/.',
    '//',
    '/a//b',
    '/%2E',
    '/%2f',
    '/%5C',
    '/%25',
    '/%0a',
    '/%7f',
    '/%',
    '/%4',
    '/\\',
    '/#',
    '/ ',
    '/é',
    '/\t',
  ])('refuses %j', (path) => {
    expect(isSafePath(path)).toBe(false);
  });

  it('lets nothing pass that the URL parser reads as another path', () => {
    const piece = fc.constantFrom(
      '/',
      '.',
      '..',
      '%2e',
      '%2E',
      '%2f',
      '\\',
      'a',
      '%41',
      '%',
      ';',
      '?',
      '#',
      '//',
      'keys',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const path = `/${pieces.join('')}`;
        if (isSafePath(path) && !path.includes('?')) expect(new URL(`http://h${path}`).pathname).toBe(path);
      }),
      { numRuns: 2000 },
    );
  });
});
