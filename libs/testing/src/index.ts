export { eventually, type EventuallyOptions } from './eventually.js';
export {
  tryNamedObjects,
  type NamedObjectsFindings,
  type NamedObjectsTrial,
  type NamingColumn,
} from './named-objects.js';
export { OtlpReceiver, type ReceivedSpan } from './otlp-receiver.js';
export { ServiceAnswer } from './service-answer.js';
export { ServiceHarness, type HarnessOptions, type HarnessParts, type RequestOptions } from './service-harness.js';
export { tempFolder, type TempFolder } from './temp-folder.js';
export { TestAuthority, type CertificateOptions, type TestCertificate } from './test-certificates.js';
export { testContext } from './test-context.js';
export { createTestDatabase, type TestDatabase, type TestDatabaseOptions } from './test-database.js';
