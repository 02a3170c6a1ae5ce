import type { Rule } from './rule.js';
import { auditRules } from './rules/audit-rules.js';
import { eventRules } from './rules/event-rules.js';
import { objectRules } from './rules/object-rules.js';
import { readModelRules } from './rules/read-model-rules.js';
import { referenceRules } from './rules/reference-rules.js';
import { servingRules } from './rules/serving-rules.js';
import { stateRules } from './rules/state-rules.js';
import { topicRules } from './rules/topic-rules.js';
import { usageRules } from './rules/usage-rules.js';

/** Everything that holds of a mesh at rest. */
export const RULES: readonly Rule[] = [
  ...eventRules,
  ...stateRules,
  ...referenceRules,
  ...objectRules,
  ...auditRules,
  ...readModelRules,
  ...topicRules,
  ...servingRules,
  ...usageRules,
];
