import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import * as contracts from '@myriad/contracts';
import { DATABASES, type DatabaseName, HANDLED } from '@myriad/invariants';

const SERVICES = join(import.meta.dirname, '../../../services');

/** The event types of a service's `@HandleEvent`s. */
function handledBy(service: DatabaseName): readonly string[] {
  const folder = join(SERVICES, service, 'src/messaging');
  const sources = existsSync(folder) ? readdirSync(folder) : [];
  return sources.flatMap((name) => {
    const names = [...readFileSync(join(folder, name), 'utf8').matchAll(/@HandleEvent\((\w+)\)/g)].map(([, it]) => it);
    return names.map((one) => (contracts[one as keyof typeof contracts] as { readonly type: string }).type);
  });
}

describe('The table of handled events', () => {
  it.each(DATABASES)('has what %s handles, and nothing else', (service) => {
    const known = HANDLED[service].map(({ definition }) => definition.type);
    expect([...known].sort()).toEqual([...handledBy(service)].sort());
    expect(known.length).toBeGreaterThan(0);
  });
});
