import { describe, expect, it } from '@jest/globals';
import type { BackendState } from '../../src/balancing/backend.js';
import { chooseBackend } from '../../src/balancing/choose-backend.js';

const backend = (name: string, state: BackendState, open = 0): { name: string; state: BackendState; open: number } => ({
  name,
  state,
  open,
});

describe('chooseBackend', () => {
  it('takes the ready one with the fewest connections, and equals in turn', () => {
    const backends = [backend('a', 'ready', 2), backend('b', 'ready', 1), backend('c', 'ready', 1)];
    expect([0, 1, 2].map((turn) => chooseBackend(backends, turn)?.name)).toEqual(['b', 'c', 'b']);
  });

  it('leaves alone what drains or starts, unless there is nothing else', () => {
    expect(chooseBackend([backend('a', 'unready'), backend('b', 'ready', 9)], 0)?.name).toBe('b');
    expect(chooseBackend([backend('a', 'unready'), backend('b', 'down')], 0)?.name).toBe('a');
  });

  it('has none when all are down', () => {
    expect(chooseBackend([backend('a', 'down')], 3)).toBeUndefined();
    expect(chooseBackend<ReturnType<typeof backend>>([], 0)).toBeUndefined();
  });
});
