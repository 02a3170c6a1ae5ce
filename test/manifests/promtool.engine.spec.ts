import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { promtool } from '../../tools/engines/engine.mjs';
import { dashboardFiles } from '../../tools/manifests/dashboards.mjs';

/** Without the engine the suite skips itself; `test-engines.mjs` says why. */
const describeWithPromtool = process.env['MYRIAD_TEST_PROMTOOL'] === undefined ? describe.skip : describe;
const root = join(import.meta.dirname, '../..');
const RULES = join(root, 'tools/manifests/engines/prometheus-rules.yaml');
const RULES_TEST = join(root, 'tools/observability/rules.test.yaml');

interface RulesTest {
  rule_files: string[];
  tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[];
}

/** Every PromQL expression of a dashboard as a rule: promtool parses the expressions of rules. */
function asRules(expressions: readonly string[]): string {
  const rules = expressions.map((expr, at) => ({ record: `dashboard:panel:${at}`, expr }));
  return stringify({ groups: [{ name: 'dashboard', rules }] });
}

describeWithPromtool('what Prometheus is given, as Prometheus reads it', () => {
  let folder: string;
  const inFolder = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return name;
  };
  const run = (...args: string[]) => promtool(args, { cwd: folder });
  const passes = { status: 0 };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'myriad-promtool-'));
    copyFileSync(RULES, join(folder, 'rules.yaml'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('the alert rules are rules, and none stands there twice', async () => {
    expect(await run('check', 'rules', '--lint=all', '--lint-fatal', 'rules.yaml')).toMatchObject(passes);
    const broken = inFolder('broken.yaml', readFileSync(RULES, 'utf8').replace('max by (job) (', 'max by job ('));
    expect((await run('check', 'rules', broken)).status).not.toBe(0);
  });

  it('the alerts fire on what they are for and on nothing else', async () => {
    const tests = parse(readFileSync(RULES_TEST, 'utf8')) as RulesTest;
    const file = inFolder('test.yaml', stringify({ ...tests, rule_files: ['rules.yaml'] }));
    expect(await run('test', 'rules', file)).toMatchObject(passes);
    const duller = readFileSync(RULES, 'utf8').replace(/(myriad_outbox_\w*age_seconds\) > )60/, '$1600');
    expect(duller).not.toBe(readFileSync(RULES, 'utf8'));
    const dull = inFolder('dull-test.yaml', stringify({ ...tests, rule_files: [inFolder('dull-rules.yaml', duller)] }));
    const { status, output } = await run('test', 'rules', dull);
    expect(status).not.toBe(0);
    expect(output).toContain('alertname: OutboxStuck');
  });

  it('every alert is seen to fire', () => {
    const { groups } = parse(readFileSync(RULES, 'utf8')) as { groups: { rules: { alert?: string }[] }[] };
    const alerts = groups.flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? []));
    const { tests } = parse(readFileSync(RULES_TEST, 'utf8')) as RulesTest;
    const fired = tests
      .flatMap((test) => test.alert_rule_test)
      .filter(({ exp_alerts: expected }) => expected.length > 0)
      .map(({ alertname }) => alertname);
    expect(alerts.filter((alert) => !fired.includes(alert))).toEqual([]);
    expect(alerts.length).toBeGreaterThan(10);
  });

  it.each(Object.entries(dashboardFiles()))('the expressions of %s are PromQL', async (name, { panels }) => {
    const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    expect(expressions.length).toBeGreaterThan(5);
    expect(await run('check', 'rules', inFolder(`${name}.yaml`, asRules(expressions)))).toMatchObject(passes);
    const cut = [...expressions.slice(1), expressions[0]!.slice(0, -1)];
    const { status, output } = await run('check', 'rules', inFolder(`cut-${name}.yaml`, asRules(cut)));
    expect(status).not.toBe(0);
    expect(output).toContain('could not parse expression');
  });

  it('its configuration is one', async () => {
    const config = readFileSync(join(root, 'tools/manifests/engines/prometheus.yaml'), 'utf8');
    const here = config.replace('/etc/prometheus/rules.yml', 'rules.yaml');
    expect(here).not.toBe(config);
    expect(await run('check', 'config', inFolder('prometheus.yaml', here))).toMatchObject(passes);
    const broken = inFolder('broken-config.yaml', here.replace('dns_sd_configs', 'dns_configs'));
    expect((await run('check', 'config', broken)).status).not.toBe(0);
  });
});
