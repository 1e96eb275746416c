type Labels = Readonly<Record<string, string>>;

/** `key=value` or `key` on top of what is there; the key's former value goes. */
export const withLabel = (labels: Labels, text: string): Record<string, string> => {
  const [key = '', ...value] = text.split('=');
  return { ...labels, [key.trim()]: value.join('=').trim() };
};
export const withoutLabel = (labels: Labels, key: string): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => name !== key));
