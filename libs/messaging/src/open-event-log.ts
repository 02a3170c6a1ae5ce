import { readFileSync } from 'node:fs';
import { secretReader } from '@myriad/config';
import type { EventLogConfig } from './config.js';
import type { EventLog } from './event-log.port.js';
import { KafkaEventLog } from './kafka/kafka-event-log.js';
import type { KafkaEventLogOptions } from './kafka/kafka-options.js';
import { MemoryEventLog } from './memory/memory-event-log.js';
import type { MessagingLogger } from './messaging-logger.js';
import { messagingProblem } from './messaging-problem.js';
import { PostgresEventLog } from './postgres/postgres-event-log.js';

export interface OpenEventLogOptions {
  /** The service's name; brokers log it. Default `myriad`. */
  readonly clientId?: string;
  readonly logger?: MessagingLogger;
}

/**
 * Opens the event log that the configuration names.
 * @throws {ProblemError} `messaging.invalid_option` when its adapter's address is missing, `messaging.unavailable` when it can't be reached.
 */
export async function openEventLog(config: EventLogConfig, options: OpenEventLogOptions = {}): Promise<EventLog> {
  const logging = options.logger ? { logger: options.logger } : {};
  switch (config.EVENT_LOG) {
    case 'memory':
      return new MemoryEventLog(undefined, options.logger);
    case 'postgres':
      return PostgresEventLog.open({ url: urlOf(config), ...logging });
    case 'kafka':
      return KafkaEventLog.open({
        brokers: need('KAFKA_BROKERS', config.KAFKA_BROKERS),
        clientId: options.clientId ?? 'myriad',
        client: config.KAFKA_CLIENT,
        replication: config.KAFKA_REPLICATION,
        ...logging,
        ...securityOf(config),
      });
  }
}

/** Read again for each connection, so that a rotated password is used by the next. */
function urlOf(config: EventLogConfig): () => string {
  need('EVENT_LOG_URL', config.EVENT_LOG_URL);
  return secretReader(config, 'EVENT_LOG_URL');
}

function need<T>(name: string, value: T | undefined): T {
  if (value === undefined) throw messagingProblem('invalid', 'invalid_option', `the event log needs ${name}`);
  return value;
}

function securityOf(config: EventLogConfig): Pick<KafkaEventLogOptions, 'tls' | 'sasl'> {
  const { KAFKA_TLS, KAFKA_CA_FILE, KAFKA_SASL_MECHANISM: mechanism } = config;
  return {
    ...(KAFKA_TLS && { tls: KAFKA_CA_FILE === undefined ? true : { ca: readFileSync(KAFKA_CA_FILE, 'utf8') } }),
    ...(mechanism !== undefined && {
      sasl: {
        mechanism,
        username: need('KAFKA_SASL_USERNAME', config.KAFKA_SASL_USERNAME),
        password: need('KAFKA_SASL_PASSWORD', config.KAFKA_SASL_PASSWORD),
      },
    }),
  };
}
