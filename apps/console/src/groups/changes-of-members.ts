import { KEYS } from '../api/queries.ts';

/** What a changed membership shows in. */
export const CHANGES_OF_MEMBERS = [KEYS.members, KEYS.groups, KEYS.users, KEYS.session];
