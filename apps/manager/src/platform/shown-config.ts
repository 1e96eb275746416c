import { z } from 'zod';
import { managerConfig, type ManagerConfig } from './config.ts';

const MASK = '***';

/** Users and passwords in addresses; everything else that is secret is in files, and only those files' names are here. */
function masked(text: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return text;
  try {
    const url = new URL(text);
    if (url.password !== '') url.password = MASK;
    for (const name of url.searchParams.keys()) if (/pass|secret|token/i.test(name)) url.searchParams.set(name, MASK);
    return url.toString();
  } catch {
    return MASK;
  }
}

/** The configuration for people to look at. What is sealed stays: it is no secret without its key. */
export function withoutSecrets(config: ManagerConfig): unknown {
  const { key } = config.secrets;
  const shown = { ...config, secrets: { ...config.secrets, ...(key !== undefined && { key: MASK }) } };
  return JSON.parse(JSON.stringify(shown), (_key, value: unknown) => (typeof value === 'string' ? masked(value) : value));
}

/** What may be written, before defaults are filled in. */
export const configSchema = (): object => z.toJSONSchema(managerConfig, { io: 'input', unrepresentable: 'any' });
