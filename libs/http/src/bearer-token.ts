/** The token of an `Authorization: Bearer <token>`; undefined when it is another, or none. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
}
