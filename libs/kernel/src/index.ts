export { atMost } from './at-most.js';
export { canonicalJson, digestOf, digestOfJson, isDigest, type Digest } from './canonical-json.js';
export { FakeClock, systemClock, type Clock } from './clock.js';
export { systemContext, type Principal, type RequestContext } from './context.js';
export {
  PLATFORM_TENANT,
  isTenantId,
  newId,
  tenantId,
  uuidv7,
  type Branded,
  type Owned,
  type PrincipalId,
  type TenantId,
} from './ids.js';
export type { Datatype, Serving } from './model.js';
export { Once } from './once.js';
export { mapPage, pageFrom, type Page, type PageBody, type PageRequest } from './page.js';
export {
  PROBLEM_KINDS,
  ProblemError,
  problems,
  type ProblemDetail,
  type ProblemKind,
  type ProblemOptions,
} from './problem.js';
export { assertNever, err, ok, unwrap, type Result } from './result.js';
export { stateMachine, type StateMachine, type Transitions } from './state-machine.js';
export { WorkLane } from './work-lane.js';
