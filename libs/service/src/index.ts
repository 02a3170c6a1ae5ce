export { serviceSnapshots, type ServiceSnapshots } from './service-snapshots.js';
export {
  startService,
  type Composition,
  type OpenServiceDatabase,
  type ServiceBase,
  type ServiceConfig,
  type ServiceOptions,
} from './start-service.js';
