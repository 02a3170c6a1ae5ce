import { Injectable } from '@nestjs/common';

/** Requests on their way to one origin. */
export interface Flights {
  count: number;
}

/** How many requests each base URL has not answered yet, as this gateway sees it. */
@Injectable()
export class InFlight {
  private readonly origins = new Map<string, Flights>();

  /** The count of an origin: the same object for as long as this gateway lives. */
  at(origin: string): Flights {
    let flights = this.origins.get(origin);
    if (flights === undefined) this.origins.set(origin, (flights = { count: 0 }));
    return flights;
  }
}
