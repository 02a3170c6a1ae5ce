import { objectsNamedV1 } from '../objects-named.js';
import { trainingTopics } from './topics.js';

export const trainingObjectsNamedV1 = objectsNamedV1('training', trainingTopics.object);
