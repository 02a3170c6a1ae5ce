import type { Actor, Cast } from './cast.js';

/** The same people, who try again what is refused for the moment or breaks off. */
export function patiently(cast: Cast): Cast {
  const patient = (actor: Actor): Actor => ({ ...actor, client: actor.client.patient() });
  return {
    admin: cast.admin.patient(),
    scientist: patient(cast.scientist),
    approver: patient(cast.approver),
    tenants: cast.tenants.map((one) => ({ ...one, program: patient(one.program), steward: patient(one.steward) })),
  };
}
