export type PlatformRole = 'user' | 'super_admin';
export type GroupRole = 'viewer' | 'operator' | 'admin';

/** Who asks, with everything the access predicate needs. */
export interface Principal {
  readonly userId: string;
  readonly username: string;
  readonly role: PlatformRole;
  /** Group id -> role there. */
  readonly memberships: ReadonlyMap<string, GroupRole>;
}
