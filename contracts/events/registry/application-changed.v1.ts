import { z } from 'zod';
import { defineEvent, fields } from '../../define-event.js';
import { registryTopics } from './topics.js';

export const applicationChangedV1 = defineEvent({
  type: 'registry.application-changed.v1',
  topic: registryTopics.application,
  summary: 'An application: the input columns, the label, and which recipe and suite its models use.',
  data: z.object({
    applicationId: fields.id,
    name: fields.name,
    task: z.enum(['binary-classification', 'regression']),
    /** Columns in the order of the model's inputs. */
    features: z.array(z.object({ name: z.string(), kind: z.enum(['numeric', 'categorical']), required: z.boolean() })),
    label: z.string(),
    /** The recipe and suite that fleet runs and evaluations take unless told otherwise. */
    recipe: fields.name.nullable(),
    suite: fields.name.nullable(),
    generation: fields.count,
  }),
  key: (data, tenantId) => `${tenantId}/${data.name}`,
  example: {
    applicationId: 'app_1',
    name: 'flight-delay',
    task: 'binary-classification',
    features: [{ name: 'month', kind: 'numeric', required: true }],
    label: 'delayed',
    recipe: 'flight-delay',
    suite: 'flight-delay',
    generation: 1,
  },
});
