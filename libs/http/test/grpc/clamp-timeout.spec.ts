import { describe, expect, it } from '@jest/globals';
import { clampTimeout } from '../../src/grpc/clamp-timeout.js';

describe('a grpc-timeout', () => {
  it.each([
    ['99999999H', '2000000S'],
    ['600H', '2000000S'],
    ['2000001S', '2000000S'],
    ['2000000S', '2000000S'],
    ['500H', '500H'],
    ['99999999m', '99999999m'],
    ['99999999n', '99999999n'],
    ['0S', '0S'],
    ['never', 'never'],
    ['', ''],
  ])('of %s is %s', (sent, taken) => {
    const headers = { 'grpc-timeout': sent };
    clampTimeout(headers);
    expect(headers).toEqual({ 'grpc-timeout': taken });
  });

  it('that is not there stays away', () => {
    const headers = {};
    clampTimeout(headers);
    expect(headers).toEqual({});
  });
});
