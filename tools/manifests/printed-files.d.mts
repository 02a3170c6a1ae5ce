/** Path from the repository's root → text, of every printed manifest. */
export function printedFiles(): Map<string, string>;
