const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
/** Within what a JSON number holds exactly. */
const MAX_DIGITS = 15;

/**
 * Whether two JSON texts differ in nothing but the digits of their numbers, so that what was found right about the shape of
 * one is right about the other. Digits within strings count as text; signs, points and exponents too, so that a whole number
 * stays whole and none turns negative. Texts that are no JSON may pass: whoever relies on it parses both.
 */
export function sameButNumbers(one: string, other: string): boolean {
  let inString = false;
  let right = 0;
  let left = 0;
  for (; left < one.length; left++, right++) {
    const code = one.charCodeAt(left);
    const otherCode = other.charCodeAt(right);
    if (!inString && isDigit(code) && isDigit(otherCode)) {
      const [leftEnd, rightEnd] = [endOfDigits(one, left), endOfDigits(other, right)];
      if (leftEnd - left > MAX_DIGITS || rightEnd - right > MAX_DIGITS) return false;
      [left, right] = [leftEnd - 1, rightEnd - 1];
      continue;
    }
    if (code !== otherCode) return false;
    if (code === QUOTE) inString = !inString;
    else if (code === BACKSLASH && inString) {
      left += 1;
      right += 1;
      if (one.charCodeAt(left) !== other.charCodeAt(right)) return false;
    }
  }
  return right === other.length;
}

function endOfDigits(text: string, from: number): number {
  let end = from;
  while (isDigit(text.charCodeAt(end))) end += 1;
  return end;
}
