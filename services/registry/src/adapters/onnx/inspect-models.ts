// The process that looks at models, one order after the other; it ends with the service that started it.
import { MEASURE, measureSession, sessionBytesOf } from './measure-session.js';
import { OnnxModelInspector, refused } from './onnx-model-inspector.js';
import type { InspectionAnswer, InspectionOrder } from './separate-model-inspector.js';

/** What Node says when it gets no memory is a RangeError; the runtime's own want of it is a refusal already. */
const NEEDS_MEMORY = refused([
  { code: 'registry.model_needs_memory', detail: 'the file needs more memory to be read than is allowed for one' },
]);

function takeOrders(): void {
  const inspector = new OnnxModelInspector({ sessionBytes: sessionBytesOf });
  process.on('message', ({ artifact, parity }: InspectionOrder) => {
    inspector
      .inspect(artifact, parity)
      .then(
        (outcome): InspectionAnswer => ({ outcome }),
        (error: unknown): InspectionAnswer =>
          error instanceof RangeError
            ? { outcome: NEEDS_MEMORY }
            : { fault: error instanceof Error ? error.message : String(error) },
      )
      .then((answer) => process.send?.(answer))
      .catch(() => process.exit(1));
  });
  process.on('disconnect', () => process.exit());
}

const [, , mode, path = ''] = process.argv;
if (mode === MEASURE) await measureSession(path);
else takeOrders();
