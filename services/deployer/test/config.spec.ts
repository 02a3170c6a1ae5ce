import { describe, expect, it } from '@jest/globals';
import { deployerConfigSchema } from '../src/config.js';

const remotes = deployerConfigSchema.shape.POOL_REMOTE_URLS;

describe('POOL_REMOTE_URLS', () => {
  it('names a server for each pool; without it there is none', () => {
    expect(remotes.parse('{"vision-large": "grpc://gpu:8001", "text-medium": "grpcs://gpu:8001"}')).toEqual({
      'vision-large': 'grpc://gpu:8001',
      'text-medium': 'grpcs://gpu:8001',
    });
    expect(remotes.parse(undefined)).toEqual({});
  });

  it.each([
    ['no JSON', '{vision', 'is no JSON'],
    ['no object', '["grpc://gpu:8001"]', 'record'],
    ['a pool that cannot be', '{"vision-huge": "grpc://gpu:8001"}', 'is no pool'],
    ['another protocol', '{"vision-large": "http://gpu:8001"}', 'URL'],
  ])('is refused with %s, and says so', (_name, text, reason) => {
    expect(remotes.safeParse(text).error?.message).toContain(reason);
  });
});
