import type { EventData, modelStateChangedV1, predictionSampledV1 } from '@myriad/contracts';

export type ModelState = EventData<typeof modelStateChangedV1>;
export type SampledPrediction = EventData<typeof predictionSampledV1>;

/** Takes events that follow from no stored state. Never fails and never waits: what can't be sent now is kept within bounds. */
export abstract class EventSink {
  /** The newest state of each model is kept until it is sent. */
  abstract modelState(state: ModelState): void;
  /** Samples beyond the buffer are dropped. */
  abstract sample(prediction: SampledPrediction): void;
}
