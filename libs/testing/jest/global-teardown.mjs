export default async function globalTeardown() {
  await globalThis.myriadTestPostgres?.stop();
  globalThis.myriadTestPostgres = undefined;
}
