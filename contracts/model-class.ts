import { z } from 'zod';

/**
 * What kind of model it is, which with its size says in which pool it is served. `tabular`: classical operators and arithmetic; `text`: a network over token or byte ids; `vision`: over images;
 * `ocr`: from images to sequences; `sequence`: over time, as sound; `neural`: any other network; `other`: anything else.
 */
export const MODEL_FAMILIES = ['tabular', 'text', 'vision', 'ocr', 'sequence', 'neural', 'other'] as const;
export const familySchema = z.enum(MODEL_FAMILIES);
export type ModelFamily = (typeof MODEL_FAMILIES)[number];
