import { describe, expect, it } from '@jest/globals';
import { stopOnSignal } from '../src/index.js';

function fakeProcess() {
  const listeners = new Map<string, () => void>();
  const exits: number[] = [];
  const written: string[] = [];
  return {
    exits,
    written,
    send: (signal: string) => listeners.get(signal)?.(),
    write: (text: string) => void written.push(text),
    exit: (code: number) => void exits.push(code),
    on: (signal: string, listener: () => void) => void listeners.set(signal, listener),
  };
}

describe('stopOnSignal', () => {
  it('runs the steps in order, goes on after a failed one, and says so in the exit code', async () => {
    const target = fakeProcess();
    const done: string[] = [];
    const step = (name: string) => () => Promise.resolve(done.push(name));
    stopOnSignal([step('http'), () => Promise.reject(new Error('relay is stuck')), step('database')], target);
    target.send('SIGTERM');
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).toEqual(['http', 'database']);
    expect(target.written.join('')).toContain('relay is stuck');
    expect(target.exits).toEqual([1]);
  });

  it('exits at once on a second signal', async () => {
    const target = fakeProcess();
    stopOnSignal([() => new Promise(() => undefined)], target);
    target.send('SIGTERM');
    target.send('SIGINT');
    await new Promise((resolve) => setImmediate(resolve));
    expect(target.exits).toEqual([1]);
  });
});
