import { objectsNamedV1 } from '../objects-named.js';
import { evaluatorTopics } from './topics.js';

export const evaluatorObjectsNamedV1 = objectsNamedV1('evaluator', evaluatorTopics.object);
