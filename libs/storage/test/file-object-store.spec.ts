import { describe } from '@jest/globals';
import { documentContract } from './document.contract.js';
import { openFileFixture } from './file-fixture.js';
import { objectStoreContract } from './object-store.contract.js';
import { presignedUrlContract } from './presigned-url.contract.js';

describe('FileObjectStore: objects', () => {
  objectStoreContract(openFileFixture);
});
describe('FileObjectStore: documents', () => {
  documentContract(openFileFixture);
});
describe('FileObjectStore: presigned URLs', () => {
  presignedUrlContract(openFileFixture);
});
