import { z } from 'zod';

/** For variables that hold JSON: `z.string().transform(jsonOf).pipe(schema)`. */
export function jsonOf(text: string, issues: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text) ?? refuse(issues);
  } catch {
    return refuse(issues);
  }
}

function refuse(issues: z.RefinementCtx): never {
  issues.addIssue('is no JSON');
  return z.NEVER;
}
