import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { registryTopics } from './topics.js';

export const datasetVersionCommittedV1 = defineEvent({
  type: 'registry.dataset-version-committed.v1',
  topic: registryTopics.dataset,
  summary: 'An immutable dataset version is ready to be used.',
  data: z.object({
    tenantId: fields.tenantId,
    datasetId: fields.id,
    datasetName: fields.name,
    version: z.int().positive(),
    digest: fields.digest,
    sizeBytes: fields.sizeBytes,
    format: z.enum(['csv', 'parquet']),
    rowCount: fields.count,
    columns: z.array(
      z.object({
        name: z.string(),
        type: z.enum(['integer', 'number', 'string', 'boolean', 'timestamp']),
        nullCount: fields.count,
      }),
    ),
    classification: z.enum(['public', 'internal', 'confidential', 'restricted']),
    committedBy: fields.id,
  }),
  key: (data) => `${data.tenantId}/${data.datasetName}`,
  example: {
    tenantId: 'aa',
    datasetId: 'dst_1',
    datasetName: 'flights',
    version: 1,
    digest: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    sizeBytes: 10,
    format: 'csv',
    rowCount: 1,
    columns: [{ name: 'month', type: 'integer', nullCount: 0 }],
    classification: 'internal',
    committedBy: 'svc_1',
  },
});
