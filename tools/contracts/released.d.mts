export interface LockEntry {
  readonly digest: string;
  readonly topic: string;
}
export type Lock = Readonly<Record<string, LockEntry>>;
export function digestOfEvent(event: { readonly schema: object; readonly topic: string; readonly key: string }): string;
export function checkReleased(
  locked: Lock,
  today: Lock,
  amended?: readonly string[],
): { readonly faults: string[]; readonly lock: Lock };
