import { createHash } from 'node:crypto';
import { type EventDefinition, keyChangedV1 } from '@myriad/contracts';
import { type EventLog, eventLogConfig, makeEvent, openEventLog, toRecord } from '@myriad/messaging';
import { z } from 'zod';
import type { Mesh } from '../mesh.js';

/** The mesh's event log, as whoever got into it would have it. */
export function openLogOf(mesh: Mesh): Promise<EventLog> {
  const { kafkaBrokers } = mesh.addresses;
  const settings =
    mesh.mode === 'mesh'
      ? { EVENT_LOG: 'kafka', KAFKA_BROKERS: kafkaBrokers }
      : { EVENT_LOG: 'postgres', EVENT_LOG_URL: mesh.databaseUrl('myriad_log') };
  return openEventLog(z.object(eventLogConfig).parse(settings), { clientId: 'forger' });
}

export interface Forgery {
  /** In the envelope and the key. */
  readonly sayer: string;
  /** In the data. */
  readonly victim: string;
}

/** An event in the victim's name; answers its id. */
export async function forgeEvent(
  log: EventLog,
  definition: EventDefinition,
  { sayer, victim }: Forgery,
): Promise<string> {
  const data = { ...(definition.example as object), tenantId: victim };
  const event = makeEvent(definition, { tenantId: sayer, data, source: 'forger' });
  await log.append([{ ...toRecord(event, definition), key: `${sayer}/forged` }]);
  return event.id;
}

/** A key of the sayer's making that belongs to a principal of the victim's; answers the key. */
export async function forgeKey(log: EventLog, principalId: string, { sayer, victim }: Forgery): Promise<string> {
  const prefix = 'forged22';
  const key = `myr_${prefix}_${'a'.repeat(43)}`;
  const hash = createHash('sha256').update(key).digest('hex');
  const data = { ...keyChangedV1.example, keyId: 'key_forged', prefix, hash, principalId, tenantId: victim };
  const event = makeEvent(keyChangedV1, { tenantId: sayer, data, source: 'auth' });
  await log.append([{ ...toRecord(event, keyChangedV1), key: `${sayer}/key_forged` }]);
  return key;
}
