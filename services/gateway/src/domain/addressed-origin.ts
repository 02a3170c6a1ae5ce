/** A base URL, and after `#` the address that its name is to lead to: `https://realtime-tabular-small:8080#10.1.2.3`. */
export function addressedOrigin(origin: string, address: string): string {
  return `${origin}#${address}`;
}

export function partsOf(addressed: string): { readonly origin: string; readonly address: string | undefined } {
  const [origin = '', address] = addressed.split('#', 2);
  return { origin, address };
}
