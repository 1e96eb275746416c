import { z } from 'zod';

/** Zod's own expressions. A build works them out, so that an agent carries them without zod. */
export const UUID = z.regexes.uuid();
export const DATETIME = z.regexes.datetime({});
