import type { AdminDoor } from './admin-door.js';
import type { Tls } from './tls/open-tls.js';

/** Where requests come in. */
export interface Doors {
  readonly app: { readonly close: () => Promise<void> };
  readonly tls: Tls | undefined;
  readonly admin: AdminDoor | undefined;
}

/** Ends a service's doors: it is not ready any more, requests in flight end, then nobody watches certificates or asks for health. */
export async function closeDoors({ app, tls, admin }: Doors): Promise<void> {
  admin?.drain();
  await app.close();
  tls?.files.close();
  await admin?.close();
}
