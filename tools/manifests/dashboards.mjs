/** The Grafana dashboards, each as rows of `[title, unit, [[PromQL, legend], …]]`; printed to tools/manifests/engines/grafana/dashboards. */
const QUANTILE = (quantile, metric, by) =>
  `histogram_quantile(${quantile}, sum by (${by}, le) (rate(${metric}_bucket[5m])))`;

const dashboards = {
  mesh: {
    title: 'Myriad: mesh',
    panels: [
      ['Requests a second', 'reqps', [['sum by (service) (rate(myriad_gateway_requests_total[1m]))', '{{service}}']]],
      [
        'Share of requests that failed',
        'percentunit',
        [
          [
            'sum by (service) (rate(myriad_gateway_requests_total{status="5xx"}[5m])) / sum by (service) (rate(myriad_gateway_requests_total[5m]))',
            '{{service}}',
          ],
        ],
      ],
      [
        'Time of a request at the gateway, p99',
        's',
        [[QUANTILE(0.99, 'myriad_gateway_request_duration_seconds', 'service'), '{{service}}']],
      ],
      ['Checks that do not hold', 'short', [['myriad_readiness_check == 0', '{{job}} {{instance}}: {{check}}']]],
      ['Event loop, p99 of its lag', 's', [['max by (job) (nodejs_eventloop_lag_p99_seconds)', '{{job}}']]],
      ['Processors in use', 'short', [['sum by (job) (rate(process_cpu_seconds_total[1m]))', '{{job}}']]],
      ['Memory', 'bytes', [['sum by (job) (process_resident_memory_bytes)', '{{job}}']]],
      ['Work that waits', 'short', [['max by (job, queue) (myriad_queue_waiting)', '{{job}} {{queue}}']]],
      ['Versions that run', 'short', [['count by (job, version) (myriad_build_info)', '{{job}} {{version}}']]],
      ['Certificates end in', 's', [['min by (job) (myriad_tls_certificate_expiry_seconds)', '{{job}}']]],
    ],
  },
  gateway: {
    title: 'Myriad: gateway',
    panels: [
      [
        'Requests a second by status',
        'reqps',
        [['sum by (status) (rate(myriad_gateway_requests_total[1m]))', '{{status}}']],
      ],
      ['Requests in flight', 'short', [['sum by (instance) (myriad_gateway_requests_in_flight)', '{{instance}}']]],
      [
        'Time of a request, p50',
        's',
        [[QUANTILE(0.5, 'myriad_gateway_request_duration_seconds', 'service'), '{{service}}']],
      ],
      [
        'Time of a request, p99',
        's',
        [[QUANTILE(0.99, 'myriad_gateway_request_duration_seconds', 'service'), '{{service}}']],
      ],
      [
        'Services that do not answer',
        'short',
        [['min by (service) (myriad_gateway_upstream_ready) == 0', '{{service}}']],
      ],
      ['Audit records lost', 'short', [['sum(increase(myriad_gateway_audit_lost_total[1h]))', 'an hour']]],
    ],
  },
  events: {
    title: 'Myriad: event log',
    panels: [
      ['Events a second', 'ops', [['sum by (job) (rate(myriad_events_handled_total[1m]))', '{{job}}']]],
      ['From made to handled, p99', 's', [[QUANTILE(0.99, 'myriad_event_delivery_seconds', 'job'), '{{job}}']]],
      ['Behind, records', 'short', [['max by (group, topic) (myriad_event_lag_records)', '{{group}} {{topic}}']]],
      ['Behind, age of the oldest', 's', [['max by (group, topic) (myriad_event_age_seconds)', '{{group}} {{topic}}']]],
      [
        'Dead letters in an hour',
        'short',
        [['sum by (job, type) (increase(myriad_events_dead_lettered_total[1h]))', '{{job}} {{type}}']],
      ],
      ['Attempts that failed', 'ops', [['sum by (job) (rate(myriad_events_failed_total[5m]))', '{{job}}']]],
      ['Append to the log, p99', 's', [[QUANTILE(0.99, 'myriad_event_append_seconds', 'job'), '{{job}}']]],
      [
        'Partitions shared anew',
        'short',
        [['sum by (group) (increase(myriad_event_rebalances_total[10m]))', '{{group}}']],
      ],
      [
        'Age of the newest snapshot',
        's',
        [['time() - max by (topic) (myriad_snapshot_made_timestamp_seconds)', '{{topic}}']],
      ],
      ['Start of a replica until it had caught up', 's', [['max by (job) (myriad_tail_ready_seconds)', '{{job}}']]],
      ['Paused partitions', 'short', [['sum by (group) (myriad_event_paused_partitions)', '{{group}}']]],
    ],
  },
  serving: {
    title: 'Myriad: real-time serving',
    panels: [
      [
        'Predictions a second',
        'reqps',
        [['sum by (status) (rate(myriad_gateway_requests_total{service="realtime"}[1m]))', '{{status}}']],
      ],
      [
        'Time of a prediction',
        's',
        [
          [
            'histogram_quantile(0.5, sum by (le) (rate(myriad_gateway_request_duration_seconds_bucket{service="realtime"}[5m])))',
            'p50',
          ],
          [
            'histogram_quantile(0.99, sum by (le) (rate(myriad_gateway_request_duration_seconds_bucket{service="realtime"}[5m])))',
            'p99',
          ],
        ],
      ],
      ['Models in memory', 'short', [['sum by (instance) (myriad_realtime_models)', '{{instance}}']]],
      ['Bytes of models', 'bytes', [['sum by (instance) (myriad_realtime_model_bytes)', '{{instance}}']]],
      [
        'Loads, and those that failed',
        'ops',
        [
          ['sum(rate(myriad_realtime_loads_total[5m]))', 'loads'],
          ['sum(rate(myriad_realtime_load_failures_total[5m]))', 'failed'],
          ['sum(rate(myriad_realtime_evictions_total[5m]))', 'evicted'],
        ],
      ],
      [
        'Replicas that are not ready',
        'short',
        [
          [
            'max by (environment, pool) (myriad_gateway_replicas) - min by (environment, pool) (myriad_gateway_replicas_ready)',
            '{{environment}} {{pool}}',
          ],
        ],
      ],
      ['Object store, p99', 's', [[QUANTILE(0.99, 'myriad_object_store_seconds', 'job'), '{{job}}']]],
    ],
  },
  database: {
    title: 'Myriad: PostgreSQL and outbox',
    panels: [
      [
        'Connections in use',
        'percentunit',
        [['sum by (job) (myriad_database_pool_used) / sum by (job) (myriad_database_pool_size)', '{{job}}']],
      ],
      ['Waiting for a connection', 'short', [['max by (job) (myriad_database_pool_waiting)', '{{job}}']]],
      ['Outbox, events', 'short', [['max by (job) (myriad_outbox_records)', '{{job}}']]],
      ['Outbox, age of the oldest', 's', [['max by (job) (myriad_outbox_age_seconds)', '{{job}}']]],
      ['Events handed on', 'ops', [['sum by (job) (rate(myriad_outbox_relayed_total[1m]))', '{{job}}']]],
      ['Attempts that failed', 'ops', [['sum by (job) (rate(myriad_outbox_failures_total[5m]))', '{{job}}']]],
      ['Time of a request, p99', 's', [[QUANTILE(0.99, 'myriad_http_request_duration_seconds', 'job'), '{{job}}']]],
    ],
  },
};

const datasource = { type: 'prometheus', uid: 'prometheus' };

function panel([title, unit, queries], at) {
  return {
    id: at + 1,
    type: 'timeseries',
    title,
    datasource,
    gridPos: { x: (at % 2) * 12, y: Math.floor(at / 2) * 8, w: 12, h: 8 },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    options: { legend: { showLegend: true, displayMode: 'list', placement: 'bottom' } },
    targets: queries.map(([expr, legendFormat], index) => ({ refId: 'ABCDEF'[index], expr, legendFormat })),
  };
}

/** File name → dashboard as Grafana reads it. */
export function dashboardFiles() {
  return Object.fromEntries(
    Object.entries(dashboards).map(([name, { title, panels }]) => [
      `${name}.json`,
      {
        uid: `myriad-${name}`,
        title,
        schemaVersion: 41,
        version: 1,
        editable: true,
        refresh: '10s',
        time: { from: 'now-1h', to: 'now' },
        tags: ['myriad'],
        templating: { list: [] },
        annotations: { list: [] },
        panels: panels.map(panel),
      },
    ]),
  );
}
