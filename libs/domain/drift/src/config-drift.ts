import type { EnvironmentDrift, PostureDrift } from '@tidegate/contract-api';
import type { Manifest } from '@tidegate/contract-manifest';
import type { Facts } from '@tidegate/contract-protocol';

/** What a release declares of its configuration, in its signed manifest. */
export type DeclaredConfig = Manifest['config'];
/** What a node says of itself: names of environment variables and its posture, no values of variables. */
export type NodeEnvironment = Pick<Facts, 'env_names' | 'posture'>;

/** A node names at most this many; of one that names as many it is not known what else it has. */
const MAX_NAMES = 500;

/**
 * What changes for the environment when `candidate` takes the place of `running` on a node. Without `running` (its manifest is
 * not known) the node's names stand in for it. `missing` is what the node itself refuses with upgrade_env_missing: required
 * and not there, default or not, because the node does not set variables. The default of a secret is never told.
 */
export function environmentDrift(candidate: DeclaredConfig, running: DeclaredConfig | null, node: NodeEnvironment): EnvironmentDrift {
  const has = new Set(node.env_names);
  const before = new Map(running?.env.map((variable) => [variable.name, variable]));
  const after = new Set(candidate.env.map((variable) => variable.name));
  const known = running ? before : has;
  const added = candidate.env
    .filter(({ name }) => !known.has(name))
    .map(({ name, description, required, secret, default: value }) => ({
      name,
      description,
      required,
      secret,
      present: has.has(name),
      default: secret ? null : (value ?? null),
    }));
  const required = candidate.env.filter((variable) => variable.required).map((variable) => variable.name);
  const complete = node.env_names.length < MAX_NAMES;
  return {
    added,
    removed: running ? running.env.map((variable) => variable.name).filter((name) => !after.has(name)) : null,
    newly_required: required.filter((name) => before.get(name)?.required !== true),
    missing: complete ? required.filter((name) => !has.has(name)) : [],
  };
}

/** What the release wants of its host and the node does not report so; what the node reports beyond that is its own affair. */
export function postureDrift(candidate: DeclaredConfig, node: NodeEnvironment): PostureDrift {
  return Object.entries(candidate.posture).flatMap(([name, wanted]) => {
    const reported = Object.hasOwn(node.posture, name) ? (node.posture[name] ?? null) : null;
    return reported === wanted ? [] : [{ name, wanted, reported }];
  });
}
