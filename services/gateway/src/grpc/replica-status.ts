import { Metadata, type StatusObject } from '@grpc/grpc-js';

/** What of a replica's status goes on to the client. */
const RETURNED = ['grpc-status-details-bin', 'grpc-retry-pushback-ms'] as const;

/** A status that a replica gave: it is the client's answer. */
export class ReplicaStatus extends Error {
  readonly code: number;
  readonly details: string;
  readonly metadata = new Metadata();

  constructor({ code, details, metadata }: StatusObject) {
    super(details);
    this.code = code;
    this.details = details;
    for (const name of RETURNED) for (const value of metadata.get(name)) this.metadata.set(name, value);
  }
}

/** Whether the replica said it, rather than the library about a connection: replicas name the request. */
export function isFromReplica({ metadata }: StatusObject): boolean {
  return metadata.get('x-request-id').length > 0;
}
