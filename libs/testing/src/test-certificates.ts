import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate with its key, as PEM. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** Subject alternative names, e.g. `DNS:gateway`, `IP:127.0.0.1`. */
  readonly names: readonly string[];
  /** Whether it expired yesterday. */
  readonly isExpired?: boolean;
}

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** A certificate authority of one test, made by `openssl` in a folder of the test. */
export class TestAuthority {
  private issued = 0;

  private constructor(
    private readonly folder: string,
    private readonly name: string,
    readonly cert: string,
  ) {}

  static create(folder: string, name: string): TestAuthority {
    const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
    const subject = ['-subj', `/CN=${name}`, '-addext', 'basicConstraints=critical,CA:TRUE'];
    run(['req', '-x509', '-days', '2', ...CURVE, ...subject, '-keyout', key, '-out', cert]);
    return new TestAuthority(folder, name, run(['x509', '-in', cert]));
  }

  issue({ names, isExpired = false }: CertificateOptions): TestCertificate {
    this.issued += 1;
    const file = (extension: string): string => join(this.folder, `${this.name}-${this.issued}.${extension}`);
    run(['req', ...CURVE, '-subj', '/CN=test', '-keyout', file('key'), '-out', file('csr')]);
    writeFileSync(file('ext'), `subjectAltName=${names.join(',')}\n`);
    const signed = ['-CA', join(this.folder, `${this.name}.pem`), '-CAkey', join(this.folder, `${this.name}.key`)];
    const cert = isExpired
      ? this.signExpired(file)
      : run(['x509', '-req', '-in', file('csr'), ...signed, '-days', '1', '-extfile', file('ext')]);
    return { cert, key: run(['pkey', '-in', file('key')]) };
  }

  /** `openssl x509` of version 3.0 knows no start date; `openssl ca` does. */
  private signExpired(file: (extension: string) => string): string {
    writeFileSync(file('db'), '');
    const config = `[ca]\ndefault_ca=d\n[d]\ndatabase=${file('db')}\nrand_serial=yes\npolicy=p\ndefault_md=sha256\n[p]\ncommonName=supplied\n`;
    writeFileSync(file('cnf'), config);
    const own = ['-cert', join(this.folder, `${this.name}.pem`), '-keyfile', join(this.folder, `${this.name}.key`)];
    const times = ['-startdate', '20200101000000Z', '-enddate', '20200102000000Z'];
    const out = ['-outdir', this.folder, '-out', file('pem'), '-in', file('csr'), '-extfile', file('ext')];
    run(['ca', '-batch', '-notext', '-config', file('cnf'), ...own, ...times, ...out]);
    return run(['x509', '-in', file('pem')]);
  }
}

function run(args: readonly string[]): string {
  return execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}
