import { describe, expect, it } from '@jest/globals';
import {
  alertFaults,
  metricsOf,
  registeredMetrics,
  unknownMetrics,
} from '../../tools/manifests/rules/observability.mjs';

describe('dashboards and alert rules', () => {
  const known = registeredMetrics(["counter('a_total', 'A')", "export const b = histogram(\n  'b_seconds', 'B')"]);

  it('ask for what is registered', () => {
    expect([...known]).toEqual(['a_total', 'b_seconds']);
    expect(
      metricsOf('histogram_quantile(0.99, sum by (job_name, le) (rate(b_seconds_bucket{x_y="a_b"}[5m])))'),
    ).toEqual(['b_seconds_bucket']);
    expect(unknownMetrics('sum(rate(a_total[5m])) / sum(rate(b_seconds_count[5m]))', known)).toEqual([]);
    expect(unknownMetrics('up == 0', known)).toEqual([]);
  });

  it('are refused when nobody exports what they ask for', () => {
    expect(unknownMetrics('sum(rate(c_total[5m]))', known)).toEqual([
      'asks for c_total, which no service exports, in sum(rate(c_total[5m]))',
    ]);
  });

  it('lead each alert to its page', () => {
    const whole = { labels: { severity: 'page' }, annotations: { summary: 's', runbook_url: 'r.md#outbox-stuck' } };
    const runbook = '# Runbook\n## Outbox stuck\n';
    expect(alertFaults({ groups: [{ rules: [{ alert: 'A', ...whole }] }] }, runbook)).toEqual([]);
    expect(alertFaults({ groups: [{ rules: [{ alert: 'A', ...whole }, { alert: 'B' }] }] }, '# Else')).toEqual([
      'A leads to no page of the runbook',
      'B has no severity',
      'B has no summary',
      'B leads to no page of the runbook',
    ]);
  });
});
