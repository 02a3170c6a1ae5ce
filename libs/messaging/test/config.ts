/** Addresses of the Kafka that `npm run test:engines` has started. */
export const brokers: readonly string[] = (process.env['MYRIAD_TEST_KAFKA'] ?? '').split(',');
/** Its folder, with the file `pid`. */
export const kafkaFolder: string | undefined = process.env['MYRIAD_TEST_KAFKA_DIR'];
