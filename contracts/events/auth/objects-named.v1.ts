import { objectsNamedV1 } from '../objects-named.js';
import { authTopics } from './topics.js';

export const authObjectsNamedV1 = objectsNamedV1('auth', authTopics.object);
