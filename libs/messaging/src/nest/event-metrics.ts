import { counter, gauge, histogram } from '@myriad/telemetry';

/** What the transport counts; `type` is the event type, from the closed list of contracts; `topic` one of theirs; `group` the service. */
export const eventMetrics = {
  handled: counter('myriad_events_handled_total', 'Events handled'),
  failed: counter('myriad_events_failed_total', 'Failed attempts to handle an event'),
  deadLettered: counter('myriad_events_dead_lettered_total', 'Events put aside as dead letters'),
  delivery: histogram('myriad_event_delivery_seconds', 'Time from the making of an event to its being handled', {
    unit: 'seconds',
  }),
  lag: gauge('myriad_event_lag_records', 'Records of the topic that the group has not handled yet'),
  age: gauge('myriad_event_age_seconds', 'Age of the oldest record of the topic that the group has not handled yet'),
  partitions: gauge('myriad_event_partitions', 'Partitions that this member of the group holds'),
  paused: gauge('myriad_event_paused_partitions', 'Partitions not read on because their handler is behind'),
  rebalances: counter('myriad_event_rebalances_total', "Times that the group's partitions were shared anew"),
} as const;
