/** What a listener with TLS and SASL needs: an authority and a certificate made by openssl, two users, and the broker's settings for them. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { EngineUnavailable, firstLine, runToEnd } from './process.mjs';

const DAYS = '30';
const LOGIN_MODULES = 'org.apache.kafka.common.security';

/** A certificate authority in `<dir>/<name>.key` and `.pem`. */
function makeAuthority(dir, name) {
  const [key, certificate] = [join(dir, `${name}.key`), join(dir, `${name}.pem`)];
  const subject = ['-subj', `/CN=Myriad test authority ${name}`];
  runToEnd('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', DAYS],
    ...[...subject, '-keyout', key, '-out', certificate],
  ]);
  return { key, certificate };
}

/** A key store of the broker: its key and its certificate, for 127.0.0.1 and localhost, signed by the authority. */
function makeKeyStore(dir, authority) {
  const at = (name) => join(dir, name);
  runToEnd('openssl', [
    ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost'],
    ...['-keyout', at('broker.key'), '-out', at('broker.csr')],
  ]);
  writeFileSync(at('broker.ext'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  runToEnd('openssl', [
    ...['x509', '-req', '-in', at('broker.csr'), '-CA', authority.certificate, '-CAkey', authority.key],
    ...['-CAcreateserial', '-days', DAYS, '-extfile', at('broker.ext'), '-out', at('broker.pem')],
  ]);
  writeFileSync(at('keystore.pem'), readFileSync(at('broker.key'), 'utf8') + readFileSync(at('broker.pem'), 'utf8'), {
    mode: 0o600,
  });
  return at('keystore.pem');
}

/**
 * Makes certificates and passwords in `<dir>/security`. Answers the broker's settings, what its data folder is formatted with, and what a
 * client needs: `{brokers, caFile, otherCaFile, scram: {username, password}, plain: {…}}`.
 * @throws {EngineUnavailable} without openssl.
 */
export function makeSecurity({ dir, port }) {
  if (firstLine('openssl', ['version']) === undefined)
    throw new EngineUnavailable('kafka', 'openssl is needed for a secure listener; found none');
  const folder = join(dir, 'security');
  mkdirSync(folder, { recursive: true });
  const authority = makeAuthority(folder, 'authority');
  const other = makeAuthority(folder, 'other');
  const keyStore = makeKeyStore(folder, authority);
  const [scram, plain] = ['scram-user', 'plain-user'].map((username) => ({
    username,
    password: randomBytes(12).toString('hex'),
  }));
  const listener = 'listener.name.sasl_ssl';
  return {
    settings: {
      [`${listener}.ssl.keystore.type`]: 'PEM',
      [`${listener}.ssl.keystore.location`]: keyStore,
      [`${listener}.sasl.enabled.mechanisms`]: 'SCRAM-SHA-512,PLAIN',
      [`${listener}.scram-sha-512.sasl.jaas.config`]: `${LOGIN_MODULES}.scram.ScramLoginModule required;`,
      [`${listener}.plain.sasl.jaas.config`]: `${LOGIN_MODULES}.plain.PlainLoginModule required user_${plain.username}="${plain.password}";`,
    },
    formatArgs: ['--add-scram', `SCRAM-SHA-512=[name=${scram.username},password=${scram.password}]`],
    client: {
      brokers: `127.0.0.1:${port}`,
      caFile: authority.certificate,
      otherCaFile: other.certificate,
      scram,
      plain,
    },
  };
}
