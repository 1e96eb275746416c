/**
 * Most beats are the node's last one with other numbers in it. A template is the text of a beat that was parsed in full,
 * without those numbers: a text that fits it has the same shape and says the same, and needs neither parsing nor validation.
 *
 * What counts as the same is narrow: digits outside of strings, in runs that a JSON number holds exactly. Signs, points,
 * exponents and every character of a string are part of the template, so that a whole number stays whole, none turns
 * negative, and no leading zero gets by.
 */
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
const POINT = 0x2e;
const isDigit = (code: number): boolean => code >= ZERO && code <= 0x39;
const MAX_DIGITS = 15;
/** Nodes of one version differ in little: what they have in common is kept once. Bounded, because nodes choose the texts. */
const MAX_SHARED = 2000;
const MAX_SHARED_LENGTH = 1000;
const shared = new Map<string, string>();

export class BeatTemplate {
  private constructor(
    private readonly parts: readonly string[],
    private readonly beatAt: number,
  ) {}

  /**
   * @param text of a valid beat
   * @param news names of numbers that belong to what a beat says, and are kept
   * @returns null for a text in which the number of the beat cannot be told
   */
  static of(text: string, news: readonly string[]): BeatTemplate | null {
    const parts: string[] = [];
    let beatAt = -1;
    let from = 0;
    for (const [start, end] of numbersIn(text)) {
      const before = text.slice(Math.max(0, start - 40), start);
      if (news.some((name) => before.endsWith(`"${name}":`))) continue;
      if (before.endsWith('"beat":')) {
        // A second one of that name, somewhere within: which of them is acknowledged must not be a guess.
        if (beatAt >= 0) return null;
        beatAt = parts.length;
      }
      parts.push(share(text.slice(from, start)));
      from = end;
    }
    parts.push(share(text.slice(from)));
    return beatAt < 0 ? null : new BeatTemplate(parts, beatAt);
  }

  /** @returns the number of the beat, or 0 when the text does not fit. */
  fits(text: string): number {
    let beat = 0;
    let at = 0;
    const last = this.parts.length - 1;
    for (let index = 0; index <= last; index++) {
      const part = this.parts[index] ?? '';
      if (!text.startsWith(part, at)) return 0;
      at += part.length;
      if (index === last) return at === text.length ? beat : 0;
      const end = endOfDigits(text, at);
      const leadingZero = end - at > 1 && text.charCodeAt(at) === ZERO && text.charCodeAt(at - 1) !== POINT;
      if (end === at || end - at > MAX_DIGITS || leadingZero) return 0;
      if (index === this.beatAt) beat = Number(text.slice(at, end));
      at = end;
    }
    return 0;
  }
}

function* numbersIn(text: string): Generator<readonly [start: number, end: number]> {
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) inString = !inString;
    else if (code === BACKSLASH) at += 1;
    else if (!inString && isDigit(code)) {
      const end = endOfDigits(text, at);
      yield [at, end];
      at = end - 1;
    }
  }
}

function endOfDigits(text: string, from: number): number {
  let end = from;
  while (isDigit(text.charCodeAt(end))) end += 1;
  return end;
}

function share(part: string): string {
  if (part.length > MAX_SHARED_LENGTH) return part;
  const known = shared.get(part);
  if (known !== undefined) return known;
  // A slice keeps the whole text it was cut from in memory; this does not.
  const own = Buffer.from(part, 'utf8').toString('utf8');
  if (shared.size >= MAX_SHARED) shared.clear();
  shared.set(own, own);
  return own;
}
