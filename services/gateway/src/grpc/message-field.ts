import protobuf from 'protobufjs/minimal.js';
import { gatewayProblem } from '../domain/gateway-problem.js';

/**
 * A string of a message, by its field; empty when it is not there. Of several the last one holds, as in every protobuf. All else is passed over, not read.
 * @throws {ProblemError} `gateway.message_invalid` for what is no message
 */
export function stringField(message: Buffer, field: number): string {
  const wanted = (field << 3) | 2;
  let value = '';
  try {
    const reader = protobuf.Reader.create(message);
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === wanted) value = reader.string();
      else reader.skipType(tag & 7);
    }
    return value;
  } catch (cause) {
    throw gatewayProblem('invalid', 'message_invalid', 'the message is no message of the protocol', { cause });
  }
}
