export { ReplicaChoice, newKeyState, type ChoiceOptions, type KeyState, type ReplicaStates } from './choose-replica.js';
export { DeficitRoundRobin, type Queued } from './deficit-round-robin.js';
export { EvictionIndex, type EvictionLimits, type TenantKey } from './eviction-index.js';
export { hashText, mix32 } from './hash.js';
export { Rendezvous } from './rendezvous.js';
export { TrafficShare, newHeat, type Heat } from './traffic-share.js';
