import { z } from 'zod';

/** How a version is tried on a model's traffic before it takes over. */
export const trialSchema = z.object({
  mode: z
    .enum(['canary', 'shadow'])
    .describe(
      'canary: it answers its share of the requests; shadow: it is asked the same after the answer, and compared',
    ),
  percent: z.number().min(0).max(100).describe('share of the requests, 0–100; the same keys stay in it as it grows'),
});
export type Trial = z.infer<typeof trialSchema>;
