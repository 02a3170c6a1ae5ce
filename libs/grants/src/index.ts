export { GrantView, type WantedUse } from './grant-view.js';
