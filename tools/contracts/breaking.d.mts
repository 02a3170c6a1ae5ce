/** One sentence a break, `<METHOD> <path>: …`; none when every client of `before` goes on working. */
export function breakingChanges(before: object, after: object): string[];
