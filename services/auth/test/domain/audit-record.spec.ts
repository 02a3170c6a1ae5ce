import { describe, expect, it } from '@jest/globals';
import { tenantId } from '@myriad/kernel';
import fc from 'fast-check';
import {
  ChainCheck,
  EMPTY_CHAIN,
  nextRecord,
  type AuditHead,
  type AuditRecord,
} from '../../src/domain/audit-record.js';

function chainOf(length: number): AuditRecord[] {
  const records: AuditRecord[] = [];
  let head: AuditHead = EMPTY_CHAIN;
  for (let i = 0; i < length; i += 1) {
    const entry = { actor: 'usr_1', action: 'key.issued', object: `key_${i}`, details: { scopes: ['models:read'], i } };
    const record = nextRecord(head, tenantId('aa'), entry, new Date(i));
    records.push(record);
    head = record;
  }
  return records;
}

function check(records: readonly AuditRecord[], head: AuditHead) {
  const chain = new ChainCheck();
  for (const record of records) if (!chain.add([record])) break;
  return chain.end(head);
}

describe('ChainCheck', () => {
  it('finds an untouched chain intact, and an empty one', () => {
    const records = chainOf(5);
    expect(check(records, records[4]!)).toEqual({ valid: true, records: 5, headHash: records[4]!.hash, broken: null });
    expect(check([], EMPTY_CHAIN)).toMatchObject({ valid: true, records: 0 });
  });

  it('names the first record that was changed, whatever the member', () => {
    const records = chainOf(8);
    const head = records[7]!;
    fc.assert(
      fc.property(
        fc.nat(7),
        fc.constantFrom('actor', 'action', 'object', 'at', 'hash', 'previousHash'),
        (at, member) => {
          const changed = records.map((r, i) => (i === at ? { ...r, [member]: `${r[member as 'actor']}x` } : r));
          expect(check(changed, head)).toMatchObject({ valid: false, records: at, broken: { seq: at + 1 } });
        },
      ),
    );
  });

  it('notices changed details, even deep within', () => {
    const records = chainOf(3);
    records[1] = { ...records[1]!, details: { scopes: ['models:write'], i: 1 } };
    expect(check(records, records[2]!).broken).toMatchObject({ seq: 2 });
  });

  it('notices a record that was taken out, and an end that was cut off', () => {
    const records = chainOf(4);
    expect(check([records[0]!, ...records.slice(2)], records[3]!).broken).toMatchObject({ seq: 2 });
    expect(check(records.slice(0, 2), records[3]!).broken).toEqual({
      seq: 3,
      reason: 'the chain ends before record 4, its noted head',
    });
  });

  it('notices a chain that was written anew from some record on', () => {
    const records = chainOf(4);
    const forged = nextRecord(records[2]!, tenantId('aa'), { ...records[3]!, actor: 'usr_2' }, new Date(3));
    expect(check([...records.slice(0, 3), forged], records[3]!).broken).toMatchObject({ seq: 4 });
  });
});
