import {
  namespacesAreClosed,
  nothingSecretIsCommitted,
  policiesNameTheirEdges,
  productionSharesNothing,
} from './rules/clusters.mjs';
import {
  autoscalersAreBounded,
  drainsAreNeverBlocked,
  servicesFindPods,
  workloadsAreHardened,
} from './rules/workloads.mjs';

/** What reviewers look for in Kubernetes manifests. Each takes the manifests by path and answers with faults, `path: what is wrong`. */
export const rules = {
  workloadsAreHardened,
  drainsAreNeverBlocked,
  servicesFindPods,
  autoscalersAreBounded,
  namespacesAreClosed,
  policiesNameTheirEdges,
  nothingSecretIsCommitted,
  productionSharesNothing,
};

export { composeRules } from './rules/compose.mjs';
export { dockerfileRules } from './rules/dockerfile.mjs';
