import { describe } from '@jest/globals';
import { documentContract } from './document.contract.js';
import { objectAgeContract } from './object-age.contract.js';
import { objectStoreContract } from './object-store.contract.js';
import { presignedUrlContract } from './presigned-url.contract.js';
import { openSealedFileFixture } from './sealed-fixture.js';

describe('EncryptingObjectStore over files: objects', () => {
  objectStoreContract(openSealedFileFixture);
  describe('age', () => {
    objectAgeContract(openSealedFileFixture);
  });
});
describe('EncryptingObjectStore over files: documents', () => {
  documentContract(openSealedFileFixture);
});
describe('EncryptingObjectStore over files: presigned URLs', () => {
  presignedUrlContract(openSealedFileFixture);
});
