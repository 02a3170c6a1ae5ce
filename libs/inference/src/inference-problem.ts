import { problems } from '@myriad/kernel';

/**
 * Refusals of this lib, `inference.<code>`. Of files: `onnx_not_onnx onnx_truncated onnx_too_large onnx_too_deep onnx_external_data onnx_dimension_bomb
 * onnx_unbounded_size onnx_unsafe_division onnx_tensor_mismatch onnx_type_unsupported onnx_unrunnable`; of requests: `request_invalid input_missing input_unexpected input_duplicate shape_mismatch
 * datatype_mismatch value_invalid too_many_rows output_unknown binary_invalid`; of running: `run_failed`.
 */
export const inferenceProblem = problems('inference');
