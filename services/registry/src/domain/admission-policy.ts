import type { AdmissionReport, Reason } from './model.js';

const ONNX = [
  'Abs',
  'Add',
  'And',
  'ArgMax',
  'ArgMin',
  'AveragePool',
  'BatchNormalization',
  'Cast',
  'CastLike',
  'Ceil',
  'Clip',
  'Concat',
  'Constant',
  'ConstantOfShape',
  'Conv',
  'ConvTranspose',
  'Cos',
  'CumSum',
  'DequantizeLinear',
  'Div',
  'Dropout',
  'DynamicQuantizeLinear',
  'Einsum',
  'Elu',
  'Equal',
  'Erf',
  'Exp',
  'Expand',
  'Flatten',
  'Floor',
  'GRU',
  'Gather',
  'GatherElements',
  'GatherND',
  'Gelu',
  'Gemm',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'Greater',
  'GreaterOrEqual',
  'GroupNormalization',
  'HardSigmoid',
  'HardSwish',
  'Identity',
  'InstanceNormalization',
  'IsInf',
  'IsNaN',
  'LSTM',
  'LayerNormalization',
  'LeakyRelu',
  'Less',
  'LessOrEqual',
  'Log',
  'LogSoftmax',
  'MatMul',
  'MatMulInteger',
  'Max',
  'MaxPool',
  'Mean',
  'Min',
  'Mod',
  'Mul',
  'Neg',
  'Not',
  'OneHot',
  'Or',
  'PRelu',
  'Pad',
  'Pow',
  'QLinearConv',
  'QLinearMatMul',
  'QuantizeLinear',
  'RNN',
  'Range',
  'Reciprocal',
  'ReduceL1',
  'ReduceL2',
  'ReduceLogSumExp',
  'ReduceMax',
  'ReduceMean',
  'ReduceMin',
  'ReduceProd',
  'ReduceSum',
  'ReduceSumSquare',
  'Relu',
  'Reshape',
  'Resize',
  'Round',
  'ScatterElements',
  'ScatterND',
  'Selu',
  'Shape',
  'Sigmoid',
  'Sign',
  'Sin',
  'Size',
  'Slice',
  'Softmax',
  'Softplus',
  'Split',
  'Sqrt',
  'Squeeze',
  'Sub',
  'Sum',
  'Tanh',
  'Tile',
  'TopK',
  'Transpose',
  'Unsqueeze',
  'Where',
  'Xor',
];

/** Operators that a version may use: known arithmetic, no control flow, no random numbers, no text processing, no custom domains. */
export const ALLOWED_OPERATORS: ReadonlySet<string> = new Set([
  ...ONNX.map((name) => `ai.onnx:${name}`),
  ...[
    'ArrayFeatureExtractor',
    'Binarizer',
    'CastMap',
    'CategoryMapper',
    'FeatureVectorizer',
    'Imputer',
    'LabelEncoder',
    'LinearClassifier',
    'LinearRegressor',
    'Normalizer',
    'OneHotEncoder',
    'SVMClassifier',
    'SVMRegressor',
    'Scaler',
    'TreeEnsemble',
    'TreeEnsembleClassifier',
    'TreeEnsembleRegressor',
  ].map((name) => `ai.onnx.ml:${name}`),
]);

export const MAX_PARAMETERS = 1_000_000_000;
/** A row that takes longer is unusual, microseconds. */
const SLOW_ROW_MICROS = 10_000;

/** Why the file may not run here at all; empty when it may. */
export function refusals(operators: readonly string[], parameterCount: number): readonly Reason[] {
  const foreign = operators.filter((name) => !ALLOWED_OPERATORS.has(name));
  return [
    ...foreign.map((name) => ({
      code: 'registry.operator_not_allowed',
      detail: `operator ${name} is not allowed; use the arithmetic of ai.onnx or the classical operators of ai.onnx.ml`,
    })),
    ...(parameterCount > MAX_PARAMETERS
      ? [
          {
            code: 'registry.model_too_large',
            detail: `${parameterCount} parameters; at most ${MAX_PARAMETERS} are admitted`,
          },
        ]
      : []),
  ];
}

/** Why a sound version should be looked at by a person first; empty for an ordinary one. */
export function oddities(report: Pick<AdmissionReport, 'family' | 'sizeClass' | 'profile'>): readonly Reason[] {
  const reasons: Reason[] = [];
  if (report.family === 'other')
    reasons.push({ code: 'registry.family_unusual', detail: 'the graph is of no family that pools are made for' });
  if (report.sizeClass === 'large')
    reasons.push({ code: 'registry.model_large', detail: 'the file is larger than 100 MiB' });
  const micros = report.profile?.latencyMicrosP50 ?? 0;
  if (micros > SLOW_ROW_MICROS)
    reasons.push({
      code: 'registry.model_slow',
      detail: `one row takes ${Math.round(micros)} µs; ordinary models stay below ${SLOW_ROW_MICROS}`,
    });
  return reasons;
}
