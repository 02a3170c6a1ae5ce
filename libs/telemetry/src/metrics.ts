import { metrics, type Attributes, type Meter } from '@opentelemetry/api';

/** Label names and values; a value must come from a small closed set, never a tenant, model or id. */
export type Labels = Attributes;

/** A sum that only grows; its Prometheus name ends with `_total`. */
export interface Counter {
  /** Default 1. @param value ≥ 0 */
  add(value?: number, labels?: Labels): void;
}

/** A distribution in buckets. */
export interface Histogram {
  record(value: number, labels?: Labels): void;
}

/** A value that goes up and down. */
export interface Gauge {
  set(value: number, labels?: Labels): void;
}

export interface HistogramOptions {
  /** Prometheus base unit, e.g. `seconds`, `bytes`; only said in the metadata: put it into the name too. */
  readonly unit?: string;
  /** Upper bounds of the buckets, ascending. Default {@link SECONDS_BOUNDS}. */
  readonly bounds?: readonly number[];
}

/** Buckets for durations of 0.5 ms to 60 s, seconds. */
export const SECONDS_BOUNDS: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/** Reads a value when metrics are scraped; undefined leaves it out. */
export type ReadGauge = () => number | undefined;

interface Observed {
  readonly name: string;
  readonly help: string;
  readonly read: ReadGauge;
  readonly isCounter: boolean;
}

let generation = 0;
let boundMeter: Meter | undefined;
const observed = new Set<Observed>();
const unbind = new Map<Observed, () => void>();

/** From now on instruments record into this meter; metrics before that go nowhere. Called by `startTelemetry`. */
export function bindMeter(meter: Meter | undefined): void {
  generation += 1;
  boundMeter = meter;
  unbind.clear();
  if (meter !== undefined) for (const item of observed) attach(meter, item);
}

function attach(meter: Meter, item: Observed): void {
  const { name, help, read } = item;
  const options = { description: help };
  const instrument = item.isCounter
    ? meter.createObservableCounter(name, options)
    : meter.createObservableGauge(name, options);
  const callback = (result: { observe(value: number): void }): void => {
    const value = read();
    if (value !== undefined && observed.has(item)) result.observe(value);
  };
  instrument.addCallback(callback);
  unbind.set(item, () => {
    instrument.removeCallback(callback);
  });
}

/** Makes the instrument when it is first used after each start of telemetry. */
function lazily<T>(make: (meter: Meter) => T): () => T {
  let made: { readonly generation: number; readonly instrument: T } | undefined;
  return () => {
    if (made?.generation !== generation)
      made = { generation, instrument: make(boundMeter ?? metrics.getMeter('myriad')) };
    return made.instrument;
  };
}

/** A counter named `myriad_…_total` (the suffix is added when it is missing). */
export function counter(name: string, help: string): Counter {
  const instrument = lazily((meter) => meter.createCounter(name, { description: help }));
  return {
    add: (value = 1, labels) => {
      instrument().add(value, labels);
    },
  };
}

export function histogram(
  name: string,
  help: string,
  { unit, bounds = SECONDS_BOUNDS }: HistogramOptions = {},
): Histogram {
  const options = {
    description: help,
    ...(unit === undefined ? {} : { unit }),
    advice: { explicitBucketBoundaries: [...bounds] },
  };
  const instrument = lazily((meter) => meter.createHistogram(name, options));
  return {
    record: (value, labels) => {
      instrument().record(value, labels);
    },
  };
}

export function gauge(name: string, help: string): Gauge {
  const instrument = lazily((meter) => meter.createGauge(name, { description: help }));
  return {
    set: (value, labels) => {
      instrument().record(value, labels);
    },
  };
}

/** A gauge that is read when metrics are scraped. @returns what ends it */
export function observedGauge(name: string, help: string, read: ReadGauge): () => void {
  return observe({ name, help, read, isCounter: false });
}

/** A counter whose sum is kept elsewhere and read when metrics are scraped. @returns what ends it */
export function observedCounter(name: string, help: string, read: ReadGauge): () => void {
  return observe({ name, help, read, isCounter: true });
}

function observe(item: Observed): () => void {
  observed.add(item);
  if (boundMeter !== undefined) attach(boundMeter, item);
  return () => {
    observed.delete(item);
    unbind.get(item)?.();
    unbind.delete(item);
  };
}
