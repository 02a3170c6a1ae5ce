import { describe } from '@jest/globals';
import { documentContract } from './document.contract.js';
import { objectAgeContract } from './object-age.contract.js';
import { objectStoreContract } from './object-store.contract.js';
import { presignedUrlContract } from './presigned-url.contract.js';
import { S3_ENDPOINT } from './s3-fixture.js';
import { openSealedS3Fixture } from './sealed-fixture.js';

const describeWithS3 = S3_ENDPOINT === undefined ? describe.skip : describe;

describeWithS3('EncryptingObjectStore over S3: objects', () => {
  objectStoreContract(openSealedS3Fixture);
  describe('age', () => {
    objectAgeContract(openSealedS3Fixture);
  });
});
describeWithS3('EncryptingObjectStore over S3: documents', () => {
  documentContract(openSealedS3Fixture);
});
describeWithS3('EncryptingObjectStore over S3: presigned URLs', () => {
  presignedUrlContract(openSealedS3Fixture);
});
