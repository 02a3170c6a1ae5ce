import { digestOf } from '@myriad/kernel';

/** A repeatable stream of random numbers: equal seeds and names give equal numbers, on every machine. */
export interface Random {
  /** In [0, 1), 32 bits of it. */
  next(): number;
  /** In 0 … n − 1. */
  below(n: number): number;
  /** From the standard normal distribution (Box–Muller). */
  normal(): number;
}

/** The small fast counter generator (sfc32, Doty-Humphrey, PractRand), seeded by the SHA-256 of the seed and the stream's name. */
export function randomStream(seed: number, name: string): Random {
  const hex = digestOf(`${seed}/${name}`).slice('sha256:'.length);
  const word = (at: number): number => Number.parseInt(hex.slice(8 * at, 8 * at + 8), 16) | 0;
  let [a, b, c] = [word(0), word(1), word(2)];
  let counter = 1;
  const next32 = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < 12; round += 1) next32();
  const next = (): number => next32() / 4_294_967_296;
  return {
    next,
    below: (n) => Math.floor(next() * n),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  };
}
