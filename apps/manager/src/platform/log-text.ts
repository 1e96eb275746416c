/**
 * What may stand in a log line. Secrets are recognised by the name of their field and, in texts, by their shape: an error's message
 * quotes what it met. Characters that could end a line, move a terminal's cursor or turn text around are written out.
 */
const MASK = '[redacted]';
const SECRET_NAME =
  /(^|[_-])(password|passphrase|tokens?|cookies?|authorization|signature|secrets?|private_?key|recovery_?codes?|code_verifier|database_url)$/i;

const SECRETS: readonly (readonly [RegExp, string])[] = [
  // The user and password of an address.
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"']*@/gi, `$1${MASK}@`],
  [/([?&][a-z_]*(?:pass|secret|token|code)[a-z_]*=)[^&\s"']+/gi, `$1${MASK}`],
  [/\b(Bearer|Basic) +[A-Za-z0-9._~+/=-]{6,}/gi, `$1 ${MASK}`],
  [/\btg[a-z]_[A-Za-z0-9_-]{20,}/g, MASK],
  [/((?:__Host-)?tidegate[a-z0-9-]*=)[A-Za-z0-9_-]{20,}/g, `$1${MASK}`],
  [/\benc:v1:[A-Za-z0-9_:-]+/g, MASK],
  // A parser quotes the body that it could not read.
  [/("[a-z_]*(?:password|secret|token|cookie|authorization)"\s*:\s*")[^"]*/gi, `$1${MASK}`],
];
/** JSON escapes what is below 0x20; these it leaves: C1 controls, line separators, and marks that reverse the direction of text. */
const UNESCAPED = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
const MAX_TEXT = 16_384;
const MAX_DEPTH = 6;
const MAX_ENTRIES = 100;

export function harmlessText(text: string): string {
  let result = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
  for (const [secret, instead] of SECRETS) result = result.replace(secret, instead);
  return result.replace(UNESCAPED, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A copy without secrets. Of an error what helps: its other properties hold statements with their values, and addresses. */
export function harmless(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return harmlessText(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (depth >= MAX_DEPTH) return '[deeper]';
  if (value instanceof Error) return harmless(wordsOf(value), depth);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.slice(0, MAX_ENTRIES).map((entry) => harmless(entry, depth + 1));
  const entries = Object.entries(value).slice(0, MAX_ENTRIES);
  return Object.fromEntries(
    entries.map(([key, member]) => [harmlessText(key), SECRET_NAME.test(key) && member !== null ? MASK : harmless(member, depth + 1)]),
  );
}

function wordsOf(error: Error): object {
  const { code, details } = error as { code?: unknown; details?: unknown };
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' && { code }),
    ...(details !== undefined && { details }),
    stack: error.stack,
    ...(error.cause instanceof Error && { cause: error.cause }),
  };
}
