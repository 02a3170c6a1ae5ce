/**
 * By how much a quantity grows with the age of its processes, per unit of age: the slope of one straight line through all samples, after
 * each process' own mean is taken off, so that processes that end and begin anew count together. Undefined when no process has two samples.
 * @param lives a list of samples `{age, value}` for each process
 */
export function driftOf(lives) {
  let [together, spread] = [0, 0];
  for (const samples of lives) {
    const [age, value] = [mean(samples.map((one) => one.age)), mean(samples.map((one) => one.value))];
    for (const one of samples) {
      together += (one.age - age) * (one.value - value);
      spread += (one.age - age) ** 2;
    }
  }
  return spread === 0 ? undefined : together / spread;
}

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Of fewer samples the least says little. */
const MIN_SAMPLES = 3;

/** The least of each window of `width`, at the middle of it: what is in flight only ever adds to what is held. */
export function floorOf(samples, width) {
  const windows = Map.groupBy(samples, ({ age }) => Math.floor(age / width));
  return [...windows]
    .filter(([, inside]) => inside.length >= MIN_SAMPLES)
    .map(([window, inside]) => ({ age: (window + 0.5) * width, value: Math.min(...inside.map(({ value }) => value)) }));
}
