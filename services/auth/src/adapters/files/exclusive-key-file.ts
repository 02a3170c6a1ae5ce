import { open, readFile, rm, stat } from 'node:fs/promises';
import { BootstrapKeyFile, type WrittenKey } from '../../application/ports/bootstrap-key.port.js';
import { isApiKeyText } from '../../domain/api-key.js';

/** Permission bits of everyone but the file's owner and group (a mounted secret is readable by the pod's group). */
const OTHERS = 0o007;

/** A file of mode 0600 that is made once. */
export class ExclusiveKeyFile extends BootstrapKeyFile {
  constructor(private readonly path: string) {
    super();
  }

  async writeOnce(keyText: string): Promise<WrittenKey> {
    try {
      const file = await open(this.path, 'wx', 0o600);
      try {
        await file.writeFile(`${keyText}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      return { keyText, discard: () => rm(this.path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      return { keyText: await this.read(), discard: () => Promise.resolve() };
    }
  }

  private async read(): Promise<string> {
    if (((await stat(this.path)).mode & OTHERS) !== 0)
      throw new Error(`BOOTSTRAP_KEY_FILE ${this.path} is open to others; give it mode 0600`);
    const text = (await readFile(this.path, 'utf8')).trim();
    if (!isApiKeyText(text))
      throw new Error(`BOOTSTRAP_KEY_FILE ${this.path} is there but holds no API key; remove it and start again`);
    return text;
  }
}
