/** What the models take: two numbers, of which some are missing, and a category. */
export const FEATURES = [
  { name: 'load', kind: 'numeric' },
  { name: 'age', kind: 'numeric' },
  { name: 'region', kind: 'categorical' },
] as const;
export const LABEL = 'failed';
const REGIONS = ['north', 'south', 'east', 'west'] as const;

/** One row, as text; an empty `load` is a missing one. */
export interface MachineRow {
  readonly load: string;
  readonly age: string;
  readonly region: string;
  readonly failed: string;
}

/** Park and Miller's generator: the same rows for the same seed. */
export function randomOf(seed: number): () => number {
  let state = (seed % 2_147_483_646) + 1;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/** Rows whose label follows from the features, but for chance. */
export function machineRows(count: number, seed: number): readonly MachineRow[] {
  const random = randomOf(seed);
  for (let warm = 0; warm < 8; warm++) random();
  return Array.from({ length: count }, () => {
    const load = random() * 10;
    const age = random() * 20;
    const region = REGIONS[Math.floor(random() * REGIONS.length)] ?? 'north';
    const score = 0.7 * (load - 5) + 0.25 * (age - 10) + (region === 'north' ? 1 : -0.3);
    return {
      load: random() < 0.02 ? '' : load.toFixed(3),
      age: age.toFixed(2),
      region,
      failed: random() < 1 / (1 + Math.exp(-score)) ? '1' : '0',
    };
  });
}

export function csvOf(rows: readonly MachineRow[]): string {
  const lines = rows.map(({ load, age, region, failed }) => `${load},${age},${region},${failed}`);
  return `load,age,region,failed\n${lines.join('\n')}\n`;
}

/** A body of the Open Inference Protocol for these rows. */
export function inferBody(rows: readonly MachineRow[]): string {
  const number = (text: string): number | null => (text === '' ? null : Number(text));
  const shape = [rows.length, 1];
  return JSON.stringify({
    inputs: [
      { name: 'load', datatype: 'FP32', shape, data: rows.map((row) => number(row.load)) },
      { name: 'age', datatype: 'FP32', shape, data: rows.map((row) => number(row.age)) },
      { name: 'region', datatype: 'BYTES', shape, data: rows.map((row) => row.region) },
    ],
  });
}
