import { Inject, Injectable } from '@nestjs/common';
import { EXPLANATIONS, type explainNode, type NodeExplanation, type NodeView, type UpgradeCheck } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import { may } from '@tidegate/domain-access';
import type { z } from 'zod';
import type { SignedIn } from '../../auth/index.ts';
import { CLOCK, Database, type Clock } from '../../platform/index.ts';
import { UpgradeChecks } from '../../releases/index.ts';
import { Fleet } from '../fleet.ts';
import { explainCheck, explainStanding, type Finding } from './explain-node.ts';

/** Why a node is not upgraded, and what happens next. */
@Injectable()
export class Explanations {
  constructor(
    private readonly fleet: Fleet,
    private readonly checks: UpgradeChecks,
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws CodedError node_not_found, also for a node of a group the caller may not see */
  async explain(caller: SignedIn, nodeId: string, query: z.output<typeof explainNode>): Promise<NodeExplanation> {
    const [seen] = await this.fleet.byId([nodeId]);
    if (!seen || !may(caller.principal, 'upgrade.read', { groupId: seen.groupId, nodeId })) throw new CodedError('node_not_found');
    const { view: node } = seen;
    const standing = explainStanding(node);
    if (standing) return this.tell(node, standing, null, query);
    const check = await this.database.read((em) => this.checks.derive(em, nodeId, query.version ?? null, query.channel));
    return this.tell(node, explainCheck(node, check), check, query);
  }

  private tell(node: NodeView, finding: Finding, check: UpgradeCheck | null, query: z.output<typeof explainNode>): NodeExplanation {
    const { code, since, upgrade, errorCode = null } = finding;
    const { sentence, next, waitsFor } = EXPLANATIONS[code];
    const version = upgrade?.version ?? check?.version ?? query.version ?? null;
    const channel = upgrade?.channel ?? query.channel;
    const { last_seen_at, software_version: running_version, maintenance } = node;
    const details = { version, channel, last_seen_at, running_version, error_code: errorCode, reason: maintenance?.reason };
    const words = { ...details, state: upgrade?.state, deadline_at: upgrade?.deadline_at };
    return {
      node_id: node.id,
      code,
      sentence: filled(sentence, words),
      next_step: filled(next, words),
      waits_for: waitsFor,
      since,
      running_version,
      version,
      channel,
      upgrade_id: upgrade?.id ?? null,
      error_code: errorCode,
      explained_at: this.clock.now().toISOString(),
    };
  }
}

const filled = (text: string, words: Readonly<Record<string, string | null | undefined>>): string =>
  text.replace(/\{([a-z_]+)\}/g, (_, name: string) => words[name] ?? 'unknown');
