const FIRST_PAGE = '/';
const OWN = 'https://own.invalid';

/**
 * Where to go after a sign-in: a path of this console and nothing else (open redirects, CWE-601). What a browser would make of the
 * text is asked of the same parser that browsers have, so that `//host`, `/\host`, tabs and schemes have no reading of their own.
 */
export function returnPath(from: string | undefined): string {
  if (from === undefined || !/^\/(?![/\\])/.test(from) || /[\u0000-\u001f\u007f\\]/.test(from)) return FIRST_PAGE;
  if (!URL.canParse(from, OWN)) return FIRST_PAGE;
  const { origin, pathname, search, hash } = new URL(from, OWN);
  // `/.//host` becomes `//host` once dots are taken out; the API is no page, and the sign-in page leads round in a circle.
  if (origin !== OWN || /^\/[/\\]|^\/(?:api|ws|mirror|sign-in)(?:\/|$)/.test(pathname)) return FIRST_PAGE;
  return pathname + search + hash;
}
