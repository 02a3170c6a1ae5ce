/** Bodies that no operation may take, made of one that it would take, and the code that each is refused with. */
export const poisonous = (whole: string) =>
  [
    ['http.json_too_deep', `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['http.unsafe_member', withMember(whole, '"__proto__":{"status":"disabled","isAdmin":true}')],
    ['http.unsafe_member', withMember(whole, '"constructor":{"prototype":{"isAdmin":true}}')],
  ] as const;

/** The body of an object with one member more, in front. */
function withMember(object: string, member: string): string {
  return object.replace(/^\{(?=(\}?))/, (_all, isEmpty: string) => `{${member}${isEmpty === '' ? ',' : ''}`);
}
