/** Where to go after signing in: a path of this console, never another site (`//host`, `/\host` and schemes lead there). */
export const returnPath = (from: string | null): string => {
  if (from === null || !/^\/(?![/\\])/.test(from) || from.startsWith('/sign-in')) return '/admin/nodes';
  return from;
};
