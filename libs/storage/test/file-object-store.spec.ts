import { describe } from '@jest/globals';
import { documentContract } from './document.contract.js';
import { openFileFixture } from './file-fixture.js';
import { objectAgeContract } from './object-age.contract.js';
import { objectStoreContract } from './object-store.contract.js';
import { presignedUrlContract } from './presigned-url.contract.js';

describe('FileObjectStore: objects', () => {
  objectStoreContract(openFileFixture);
  describe('age', () => {
    objectAgeContract(openFileFixture);
  });
});
describe('FileObjectStore: documents', () => {
  documentContract(openFileFixture);
});
describe('FileObjectStore: presigned URLs', () => {
  presignedUrlContract(openFileFixture);
});
