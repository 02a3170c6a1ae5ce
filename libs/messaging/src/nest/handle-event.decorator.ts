import type { CloudEvent, EventData, EventDefinition } from '@myriad/contracts';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import type { z } from 'zod';
import type { EventContext } from './event-context.js';

/** A handler method of one event. */
type EventMethod<E> = (event: CloudEvent<EventData<E>>, context: EventContext) => unknown;

/**
 * `@EventPattern` of the event's type, with the event as first and the {@link EventContext} as second argument, and the data's type checked:
 * `@HandleEvent(tenantChangedV1) onTenant(event: CloudEvent<EventData<typeof tenantChangedV1>>, ctx: EventContext)`. With a bare `@EventPattern`
 * Nest passes the context only to a parameter marked `@Ctx()`, and then wants `@Payload()` on the event too.
 */
export function HandleEvent<S extends z.ZodType>(
  definition: EventDefinition<S>,
): <T extends EventMethod<EventDefinition<S>>>(
  target: object,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<T>,
) => void {
  return (target, name, descriptor) => {
    (EventPattern(definition.type) as MethodDecorator)(target, name, descriptor);
    Payload()(target, name, 0);
    Ctx()(target, name, 1);
  };
}
