/** A browser without windows: keeps cookies, follows redirects, fills in forms. */
export class Browser {
  private readonly cookies = new Map<string, string>();

  /** Follows redirects from the page; the address that leads away from the page's own origin, or the last page's text. */
  async open(address: string, form?: Readonly<Record<string, string>>): Promise<{ url: URL; text: string }> {
    let [url, body] = [new URL(address), form];
    const { origin } = url;
    for (let hops = 0; hops < 20; hops += 1) {
      const response = await fetch(url, {
        redirect: 'manual',
        headers: { cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
        ...(body === undefined ? {} : { method: 'POST', body: new URLSearchParams(body) }),
      });
      for (const cookie of response.headers.getSetCookie()) {
        const [name, value] = cookie.split(';', 1)[0]!.split(/=(.*)/s);
        this.cookies.set(name!, value!);
      }
      const location = response.headers.get('location');
      if (location === null) return { url, text: await response.text() };
      await response.arrayBuffer();
      url = new URL(location, url);
      body = undefined;
      if (url.origin !== origin) return { url, text: '' };
    }
    throw new Error('too many redirects');
  }

  /** Says yes to what the device flow asks. */
  async confirmDevice(verificationUri: string, userCode: string): Promise<string> {
    let { text, url } = await this.open(verificationUri);
    const fields = (): Record<string, string> => ({
      xsrf: /name="xsrf" value="([^"]+)"/.exec(text)?.[1] ?? '',
      user_code: userCode,
    });
    ({ text, url } = await this.open(url.href, fields()));
    ({ text } = await this.open(url.href, { ...fields(), confirm: 'yes' }));
    return text;
  }
}
