import { counter, gauge, histogram } from '@myriad/telemetry';

/** What the transport counts; `type` is the event type, from the closed list of contracts. */
export const eventMetrics = {
  handled: counter('myriad_events_handled_total', 'Events handled'),
  failed: counter('myriad_events_failed_total', 'Failed attempts to handle an event'),
  deadLettered: counter('myriad_events_dead_lettered_total', 'Events put aside as dead letters'),
  delivery: histogram('myriad_event_delivery_seconds', 'Time from the making of an event to its being handled', {
    unit: 'seconds',
  }),
  lag: gauge('myriad_event_lag_records', 'Records that the group has not handled yet'),
} as const;
