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
