/** An environment, or a part of one. */
export type Variables = Readonly<Record<string, string>>;
