import { LIMITS } from './limits.ts';

/** A node keeps these two beside the files of a slot: no signed list may name them, nor anything that would be one with them. */
export const STATEMENT_FILES = ['manifest.json', 'manifest.sig.bundle'] as const;

/**
 * Why a path may not appear in a signed file list, or `null` when it may. Paths are the only names the unpacker ever
 * creates, so everything that could leave the slot or collide in it is refused here (CWE-22, CWE-59, CVE-2021-37701).
 */
export function slotPathProblem(path: string): string | null {
  if (path.length === 0) return 'empty';
  if (path.length > LIMITS.pathLength) return 'too long';
  if (path.startsWith('/') || path.includes('\\')) return 'absolute or with a backslash';
  // Control characters, also those of Unicode's C1 range, bidirectional overrides and zero-width characters.
  if (/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/.test(path)) return 'control character';
  const segments = path.split('/');
  if (segments.length > LIMITS.pathDepth) return 'too deep';
  for (const segment of segments) {
    if (segment === '' || segment === '.' || segment === '..') return 'empty, . or .. segment';
    if (segment.length > LIMITS.segmentLength) return 'segment too long';
    if (utf8Length(segment) > 255) return 'segment over 255 bytes';
    if (/[ .]$/.test(segment)) return 'segment ends in a dot or space';
  }
  return null;
}

// The contract layer has no Node types: TextEncoder is in every runtime it serves.
const encoder = new TextEncoder();
const utf8Length = (text: string): number => encoder.encode(text).length;

/** Two paths with the same key would be one file on some file systems. */
export const collisionKey = (path: string): string => path.normalize('NFKC').toLowerCase().normalize('NFKC');
