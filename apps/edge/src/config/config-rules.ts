import { isLoopbackHost } from '@tidegate/adapter-link-ws';

/** What is wrong with a configured text, or null. */
export function sourceUrlProblem(text: string, allowLoopbackHttp: boolean): string | null {
  // That it is none was said already, by the schema.
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return 'carries a user or password';
  if (url.search !== '' || url.hash !== '') return 'carries a query or fragment';
  if (url.protocol === 'https:') return null;
  if (url.protocol !== 'http:') return 'is neither https: nor http:';
  return allowLoopbackHttp && isLoopbackHost(url.hostname) ? null : 'is plain text; use https:';
}

/** A proxy may ask for a user and a password: they are masked wherever settings are shown. */
export function proxyUrlProblem(text: string): string | null {
  if (!URL.canParse(text)) return 'is no URL';
  const { protocol, pathname, search, hash } = new URL(text);
  if (protocol !== 'http:' && protocol !== 'https:') return 'is neither http: nor https:';
  return pathname === '/' && search === '' && hash === '' ? null : 'carries a path';
}

export function timeZoneProblem(name: string): string | null {
  if (name === 'local') return null;
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: name });
    return null;
  } catch {
    return 'is no time zone';
  }
}
