import { textOf } from './onnx-proto.js';
import type { WeightTensor } from './safetensors.js';
import { packNumbers, unpackNumbers } from './tensor-bytes.js';
import { unsplittable } from './unsplittable.js';

/**
 * Strings among the weights, as three tensors, so that one is compared with a JavaScript string where it lies:
 *   `.hashes` U32 [n] · `.ends` U32 [n]: end of each in units · `.units` U16 [total]: UTF-16
 */
export const POOL_PARTS = ['hashes', 'ends', 'units'] as const;

/** FNV-1a over the UTF-16 units. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** @throws {Unsplittable} for bytes that are no UTF-8. */
export function poolStrings(name: string, strings: readonly Uint8Array[]): WeightTensor[] {
  const texts = strings.map((bytes) => {
    const text = textOf(bytes);
    if (!Buffer.from(text, 'utf8').equals(bytes)) unsplittable('a string that is no UTF-8');
    return text;
  });
  let end = 0;
  const ends = texts.map((text) => (end += text.length));
  const units = texts.flatMap((text) => Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)));
  return [
    { name: `${name}.hashes`, dtype: 'U32', shape: [texts.length], bytes: packNumbers('U32', texts.map(hashOf)) },
    { name: `${name}.ends`, dtype: 'U32', shape: [texts.length], bytes: packNumbers('U32', ends) },
    { name: `${name}.units`, dtype: 'U16', shape: [units.length], bytes: packNumbers('U16', units) },
  ];
}

/** The strings of a pool. */
export function unpoolStrings(name: string, weights: ReadonlyMap<string, WeightTensor>): string[] {
  const part = (suffix: string): number[] => {
    const tensor = weights.get(`${name}.${suffix}`);
    return tensor === undefined ? [] : unpackNumbers(tensor.dtype, tensor.bytes);
  };
  const [ends, units] = [part('ends'), part('units')];
  return ends.map((end, i) => String.fromCharCode(...units.slice(i === 0 ? 0 : ends[i - 1], end)));
}
