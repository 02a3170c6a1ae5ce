import type ortModule from 'onnxruntime-node';

export type Ort = typeof ortModule;

let loading: Promise<Ort> | undefined;

/** ONNX Runtime, loaded on first use: 60 MB of library that a process which never scores does not pay for. */
export async function loadOrt(): Promise<Ort> {
  loading ??= import('onnxruntime-node').then((module) => withHalfAsBits(module.default));
  return loading;
}

/**
 * The runtime's JavaScript part makes a Float16Array of half floats where the engine has that class, and its native part (1.30) can't read one: "not enough space: expected 8, got 0".
 * It decides once, with the first tensor; so that one is made while the class is out of sight, and halves stay Uint16Array.
 */
function withHalfAsBits(ort: Ort): Ort {
  const Half = Object.getOwnPropertyDescriptor(globalThis, 'Float16Array');
  if (Half === undefined) return ort;
  Reflect.deleteProperty(globalThis, 'Float16Array');
  try {
    new ort.Tensor('float16', new Uint16Array(1), [1]);
  } finally {
    Object.defineProperty(globalThis, 'Float16Array', Half);
  }
  return ort;
}
