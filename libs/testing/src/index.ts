export { eventually, type EventuallyOptions } from './eventually.js';
export { tempFolder, type TempFolder } from './temp-folder.js';
export { testContext } from './test-context.js';
export { createTestDatabase, type TestDatabase, type TestDatabaseOptions } from './test-database.js';
