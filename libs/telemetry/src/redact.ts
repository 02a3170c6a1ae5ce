const REDACTED = '[redacted]';
/** A member holds a secret when its name is `key` or ends like this: `X-Api-Key`, `accessToken`, `SECRET_KEY`, `set-cookie`. */
const NAME =
  'key|[\\w-]*(?:authorization|cookie|pass(?:word|wd)|secret|token|(?:api|access|private|secret|signing)[-_]?key|code[-_]?verifier|(?:device|user)[-_]?code)';
const SECRET_NAME = new RegExp(`^(?:${NAME})$`, 'i');
/** Such a member with a text as value, in a line that is JSON already (bindings of child loggers). */
const SECRET_MEMBER = new RegExp(`"(${NAME})":"(?:[^"\\\\]|\\\\.)+"`, 'gi');
/** Deeper objects are not walked; pino cuts depth itself. */
const MAX_DEPTH = 6;

/** API keys and refresh tokens (the prefix stays: it names the key), bearer tokens, JWTs, and passwords in URLs, anywhere in a text. */
const SECRET_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/\b(m(?:yr|rt)_[a-z2-7]{8}_)[A-Za-z0-9]{8,}/g, `$1${REDACTED}`],
  [/\b(Bearer |Basic )[A-Za-z0-9._~+/=-]{8,}/gi, `$1${REDACTED}`],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g, REDACTED],
  [/(:\/\/[^\s:/@"\\]+:)[^\s@"\\]+@/g, `$1${REDACTED}@`],
  [
    /([?&](?:signature|token|key|secret|code|id_token|code_verifier|client_secret|X-Amz-Signature|X-Amz-Credential)=)[^&\s"\\]+/gi,
    `$1${REDACTED}`,
  ],
];

/** Takes what looks like a secret out of a text. */
export function redactText(text: string): string {
  return SECRET_TEXTS.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), text);
}

/** {@link redactText} for a line of JSON, members of secret names included. */
export function redactLine(line: string): string {
  return redactText(line.replace(SECRET_MEMBER, `"$1":"${REDACTED}"`));
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The same value with members of secret names replaced; what holds none is given back as it is. */
export function redactMembers(value: unknown, depth = 0): unknown {
  if (depth >= MAX_DEPTH) return value;
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => redactMembers(item, depth + 1));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  if (!isPlain(value)) return value;
  let copy: Record<string, unknown> | undefined;
  for (const [name, member] of Object.entries(value)) {
    const clean = SECRET_NAME.test(name) && member != null ? REDACTED : redactMembers(member, depth + 1);
    if (clean === member) continue;
    copy ??= { ...value };
    copy[name] = clean;
  }
  return copy ?? value;
}
