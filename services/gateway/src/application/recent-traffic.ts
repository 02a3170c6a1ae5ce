import { newKeyState, type KeyState } from '@myriad/placement';

/** Models remembered at least; at most twice as many. */
const REMEMBERED = 65_536;

/** What is known of the traffic of the models asked for lately: who is not asked for while so many others are is not hot. */
export class RecentTraffic {
  private young = new Map<string, KeyState>();
  private old = new Map<string, KeyState>();

  constructor(private readonly remembered = REMEMBERED) {}

  get size(): number {
    return this.young.size + this.old.size;
  }

  of(key: string): KeyState {
    const known = this.young.get(key);
    if (known !== undefined) return known;
    const state = this.old.get(key) ?? newKeyState();
    if (this.young.size >= this.remembered) {
      this.old = this.young;
      this.young = new Map();
    }
    this.old.delete(key);
    this.young.set(key, state);
    return state;
  }
}
