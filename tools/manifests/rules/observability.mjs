/** What dashboards and alert rules must keep: they ask for metrics that the services export, and every alert leads to its page. */

const REGISTRATION = /\b(?:counter|gauge|histogram|observedGauge|observedCounter)\(\s*'([a-z0-9_]+)'/g;
/** Made by Prometheus itself, or by OpenTelemetry. */
const FOREIGN = new Set(['up', 'otel_sdk_processor_span_processed_total']);
const SERIES_SUFFIX = /_(bucket|count|sum)$/;

/** Names of the metrics that the given sources register. */
export function registeredMetrics(sources) {
  return new Set(sources.flatMap((text) => [...text.matchAll(REGISTRATION)].map(([, name]) => name)));
}

/** Names that an expression asks for. */
export function metricsOf(expression) {
  const bare = expression
    .replaceAll(/"[^"]*"/g, '""')
    .replaceAll(/\{[^}]*\}/g, '{}')
    .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, '');
  return [...bare.matchAll(/\b[a-z_][a-z0-9_]*_[a-z0-9_]+\b(?!\s*\()|\bup\b/g)].map(([name]) => name);
}

/** @returns a sentence for each name that nobody exports */
export function unknownMetrics(expression, known) {
  return metricsOf(expression)
    .filter((name) => !known.has(name) && !known.has(name.replace(SERIES_SUFFIX, '')) && !FOREIGN.has(name))
    .map((name) => `asks for ${name}, which no service exports, in ${expression.trim()}`);
}

/** @returns a sentence for each alert without a severity, a summary, or a page of the runbook that exists */
export function alertFaults({ groups }, runbook) {
  const anchors = new Set(
    [...runbook.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} -]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
  return groups
    .flatMap(({ rules }) => rules)
    .filter(({ alert }) => alert !== undefined)
    .flatMap(({ alert, labels, annotations }) => [
      ...(labels?.severity ? [] : [`${alert} has no severity`]),
      ...(annotations?.summary ? [] : [`${alert} has no summary`]),
      ...(anchors.has(annotations?.runbook_url?.split('#')[1]) ? [] : [`${alert} leads to no page of the runbook`]),
    ]);
}
