import { counter, histogram } from '@myriad/telemetry';

/** What appending counts, whatever the adapter. */
export const appendMetrics = {
  seconds: histogram('myriad_event_append_seconds', 'Time from the call of append to the records being durable', {
    unit: 'seconds',
  }),
  records: counter('myriad_event_appended_total', 'Records appended'),
  failed: counter('myriad_event_append_failures_total', 'Appends that were given up'),
} as const;
