import type { Rule } from './rule.js';
import type { World } from './world.js';

/** A breach of a rule. */
export interface Finding {
  readonly rule: string;
  readonly breach: string;
}

/** What a check found. */
export interface Report {
  readonly rules: readonly string[];
  readonly findings: readonly Finding[];
}

/** Of one rule's breaches so many are told; a mesh that lost a topic breaks a rule a thousand times. */
const MOST_BREACHES = 20;

/** Holds the world against the rules, one after the other. A rule that can't be held against it counts as broken. */
export async function check(world: World, rules: readonly Rule[]): Promise<Report> {
  const findings: Finding[] = [];
  for (const { name, breaches } of rules) {
    const found = await breaches(world).catch((error: unknown) => [`could not be checked: ${messageOf(error)}`]);
    findings.push(...found.slice(0, MOST_BREACHES).map((breach) => ({ rule: name, breach })));
    if (found.length > MOST_BREACHES)
      findings.push({ rule: name, breach: `and ${found.length - MOST_BREACHES} breaches more` });
  }
  return { rules: rules.map(({ name }) => name), findings };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
