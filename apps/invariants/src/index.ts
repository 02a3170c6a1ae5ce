export { check, type Finding, type Report } from './check.js';
export { HANDLED, type Handled } from './handled-events.js';
export { type MeshTarget, objectStoreOfState, targetOfState } from './mesh-target.js';
export { OpenWorld } from './open-world.js';
export { quiesce, type QuiesceOptions } from './quiesce.js';
export type { Rule } from './rule.js';
export { RULES } from './rules.js';
export { DATABASES, type DatabaseName, type World } from './world.js';
