import type { TraceSampler } from '@myriad/config';
import type { Attributes } from '@opentelemetry/api';
import type * as sdk from '@opentelemetry/sdk-trace';

/** Of predictions, which are many and alike: a collector takes some hundred traces a second, not some ten thousand. */
const PREDICTIONS_RATIO = 0.01;
/** Paths of predictions over HTTP, and over gRPC. */
const PREDICTION = /^\/v2\/models\/|^\/inference\.GRPCInferenceService\/Model(?:Stream)?Infer$/;

/** The sampler of that name (OpenTelemetry's `OTEL_TRACES_SAMPLER`); undefined: the one of {@link TelemetryOptions.sampler}. */
export function samplerOf(
  { AlwaysOnSampler, AlwaysOffSampler, TraceIdRatioBasedSampler, ParentBasedSampler }: typeof sdk,
  name: TraceSampler | undefined,
  ratio: number,
): sdk.Sampler {
  if (name === undefined) {
    const [some, all] = [new TraceIdRatioBasedSampler(PREDICTIONS_RATIO), new AlwaysOnSampler()];
    return new ParentBasedSampler({ root: byKind(some, all) });
  }
  const root = name.endsWith('always_on')
    ? new AlwaysOnSampler()
    : name.endsWith('always_off')
      ? new AlwaysOffSampler()
      : new TraceIdRatioBasedSampler(ratio);
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

function byKind(ofPredictions: sdk.Sampler, ofOthers: sdk.Sampler): sdk.Sampler {
  return {
    shouldSample: (...args) => (isPrediction(args[4]) ? ofPredictions : ofOthers).shouldSample(...args),
    toString: () => `Predictions{${ofPredictions.toString()},${ofOthers.toString()}}`,
  };
}

function isPrediction(attributes: Attributes): boolean {
  return attributes['http.request.method'] === 'POST' && PREDICTION.test(String(attributes['url.path']));
}
