/** What the server says of itself; the extensions are Triton's to the protocol. */
export const SERVER_METADATA = {
  name: 'myriad-realtime',
  version: '0.1.0',
  extensions: ['binary_tensor_data', 'model_repository', 'model_configuration', 'statistics', 'trace', 'logging'],
};
