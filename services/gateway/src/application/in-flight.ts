import { Injectable } from '@nestjs/common';

/** Requests on their way to one origin. */
export interface Flights {
  count: number;
}

/** How many requests each base URL has not answered yet, as this gateway sees it. */
@Injectable()
export class InFlight {
  private readonly origins = new Map<string, Flights>();

  get size(): number {
    return this.origins.size;
  }

  /** The count of an origin: the same object until it is dropped by {@link keep}. */
  at(origin: string): Flights {
    let flights = this.origins.get(origin);
    if (flights === undefined) this.origins.set(origin, (flights = { count: 0 }));
    return flights;
  }

  /** Drops what nothing is on its way to and `isKnown` does not name: replicas come and go with new addresses. */
  keep(isKnown: (origin: string) => boolean): void {
    for (const [origin, { count }] of this.origins) if (count === 0 && !isKnown(origin)) this.origins.delete(origin);
  }
}
