import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { observedCounter, observedGauge } from './metrics.js';

const NANOS = 1e9;
const MICROS = 1e6;

/** What every process says of itself, in Prometheus' usual names. @returns what ends it */
export function observeProcess(): () => void {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  let lastUtilization = performance.eventLoopUtilization();
  const ends = [
    observedCounter('process_cpu_seconds_total', 'User and system CPU time spent', () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / MICROS;
    }),
    observedGauge('process_resident_memory_bytes', 'Resident memory', () => process.memoryUsage.rss()),
    observedGauge('nodejs_heap_used_bytes', 'Heap in use', () => process.memoryUsage().heapUsed),
    observedGauge('nodejs_heap_total_bytes', 'Heap reserved', () => process.memoryUsage().heapTotal),
    observedGauge(
      'nodejs_external_memory_bytes',
      'Memory of buffers and native objects',
      () => process.memoryUsage().external,
    ),
    observedGauge(
      'nodejs_eventloop_utilization_ratio',
      'Share of the time since the last scrape that was not idle',
      () => {
        const now = performance.eventLoopUtilization();
        const { utilization } = performance.eventLoopUtilization(now, lastUtilization);
        lastUtilization = now;
        return utilization;
      },
    ),
    observedGauge('process_uptime_seconds', 'Time since the start', () => process.uptime()),
    observedGauge('nodejs_eventloop_lag_p99_seconds', 'Event loop lag since the last scrape, 99th percentile', () => {
      const lag = delay.percentile(99) / NANOS;
      delay.reset();
      return lag;
    }),
  ];
  return () => {
    delay.disable();
    for (const end of ends) end();
  };
}
