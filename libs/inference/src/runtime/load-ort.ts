import type ortModule from 'onnxruntime-node';

export type Ort = typeof ortModule;

let loading: Promise<Ort> | undefined;

/** ONNX Runtime, loaded on first use: 60 MB of library that a process which never scores does not pay for. */
export async function loadOrt(): Promise<Ort> {
  loading ??= import('onnxruntime-node').then((module) => module.default);
  return loading;
}
