import { describe, expect, it } from '@jest/globals';
import { mapPage, pageFrom } from '../src/index.js';

const tokenOf = (last: number): string => `after ${last}`;

describe('a page', () => {
  it('names the item to go on after when more was found than it holds', () => {
    expect(pageFrom([1, 2, 3], 2, tokenOf)).toEqual({ items: [1, 2], nextPageToken: 'after 2' });
  });

  it.each([[[1, 2]], [[1]], [[]]])('is the last one when %p was found for two places', (found) => {
    expect(pageFrom(found, 2, tokenOf)).toStrictEqual({ items: found });
  });

  it('keeps its token when its items are changed, and gets none when it had none', () => {
    const double = (item: number): number => item * 2;
    expect(mapPage({ items: [1, 2], nextPageToken: 'next' }, double)).toEqual({ items: [2, 4], nextPageToken: 'next' });
    expect(mapPage({ items: [1], nextPageToken: undefined }, double)).toStrictEqual({ items: [2] });
  });
});
