import { objectsNamedV1 } from '../objects-named.js';
import { batchTopics } from './topics.js';

export const batchObjectsNamedV1 = objectsNamedV1('batch', batchTopics.object);
