export { MAX_CSV_HEADER_BYTES, csvHeaderOf, type CsvHeader } from './csv-header.js';
export { delimiterOf } from './delimiter-of.js';
