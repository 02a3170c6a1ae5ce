import { describe } from '@jest/globals';
import { documentContract } from './document.contract.js';
import { objectAgeContract } from './object-age.contract.js';
import { objectStoreContract } from './object-store.contract.js';
import { presignedUrlContract } from './presigned-url.contract.js';
import { S3_ENDPOINT, openS3Fixture } from './s3-fixture.js';

const describeWithS3 = S3_ENDPOINT === undefined ? describe.skip : describe;

describeWithS3('S3ObjectStore: objects', () => {
  objectStoreContract(openS3Fixture);
  describe('age', () => {
    objectAgeContract(openS3Fixture);
  });
});
describeWithS3('S3ObjectStore: documents', () => {
  documentContract(openS3Fixture);
});
describeWithS3('S3ObjectStore: presigned URLs', () => {
  presignedUrlContract(openS3Fixture);
});
