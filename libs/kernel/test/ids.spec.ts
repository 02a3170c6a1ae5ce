import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FakeClock, isTenantId, newId, tenantId, uuidv7 } from '../src/index.js';

const MAX_48_BITS = 2 ** 48 - 1;

describe('uuidv7', () => {
  it('holds the time, the version and the variant where RFC 9562 says', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_48_BITS }), (nowMs) => {
        const id = uuidv7({ nowMs: () => nowMs });
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(nowMs);
      }),
    );
  });

  it('sorts by time of creation', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_48_BITS - 1 }), fc.nat({ max: 1_000 }), (nowMs, laterMs) => {
        const later = Math.min(MAX_48_BITS, nowMs + 1 + laterMs);
        expect(uuidv7({ nowMs: () => nowMs }) < uuidv7({ nowMs: () => later })).toBe(true);
      }),
    );
  });

  it('never comes twice, also within one millisecond', () => {
    const clock = new FakeClock();
    expect(new Set(Array.from({ length: 10_000 }, () => uuidv7(clock))).size).toBe(10_000);
  });
});

describe('newId', () => {
  it('is the prefix and 32 hex digits, and sorts by time', () => {
    const clock = new FakeClock();
    const first = newId('job', clock);
    clock.advance(1);
    expect(first).toMatch(/^job_[0-9a-f]{32}$/);
    expect(first < newId('job', clock)).toBe(true);
  });
});

describe('a tenant id', () => {
  it('is 1–63 lower case letters, digits and hyphens, not led by a hyphen', () => {
    const first = fc.constantFrom('a', 'm', 'z', '0', '9');
    const rest = fc.string({ unit: fc.constantFrom('a', 'm', 'z', '0', '9', '-'), maxLength: 62 });
    fc.assert(
      fc.property(first, rest, (head, tail) => {
        expect(isTenantId(head + tail)).toBe(true);
        expect(tenantId(head + tail)).toBe(head + tail);
      }),
    );
  });

  it.each(['', '-a', 'A', 'a_b', 'a/b', 'a b', 'ä', '*', '.', '..', 'a\n', `a\0`, 'a'.repeat(64)])(
    'is not %p',
    (text) => {
      expect(isTenantId(text)).toBe(false);
      expect(() => tenantId(text)).toThrow(TypeError);
    },
  );

  it('has no character that separates keys, paths or patterns', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), (text) => {
        if (/[/\\*%_.\s\0:]/.test(text)) expect(isTenantId(text)).toBe(false);
      }),
    );
  });
});
