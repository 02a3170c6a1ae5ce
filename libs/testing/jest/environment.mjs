import NodeEnvironment from 'jest-environment-node';

/**
 * Jest runs each test file in a realm of its own, whose typed arrays are other classes than those native addons make: ONNX Runtime's results would fail `instanceof Float32Array`.
 * So the tests get the outer realm's, as Jest itself does for Uint8Array and ArrayBuffer.
 */
const SHARED = [
  'Float32Array',
  'Float64Array',
  'Float16Array',
  'BigInt64Array',
  'BigUint64Array',
  'Int32Array',
  'Uint32Array',
  'Int16Array',
  'Uint16Array',
  'Int8Array',
  'Uint8ClampedArray',
];

export default class SharedTypedArraysEnvironment extends NodeEnvironment {
  constructor(config, context) {
    super(config, context);
    for (const name of SHARED) if (name in globalThis) this.global[name] = globalThis[name];
  }
}
