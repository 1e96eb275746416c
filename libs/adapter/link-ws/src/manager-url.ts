/** Hosts that need no TLS. Names are compared, not resolved: a name that merely resolves to loopback today is no promise. */
export const isLoopbackHost = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);

/** What is wrong with a manager's address, or null. */
export function managerUrlProblem(text: string): string | null {
  if (!URL.canParse(text)) return 'is no URL';
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return 'carries a user or password';
  if (url.hash !== '') return 'carries a fragment';
  if (url.protocol === 'wss:') return null;
  if (url.protocol !== 'ws:') return 'is neither ws: nor wss:';
  return isLoopbackHost(url.hostname) ? null : 'is plain text to another host; use wss:';
}
