import { Injectable } from '@nestjs/common';
import type { checkUpgrade, checkUpgrades, UpgradeCheck, UpgradeChecksPage } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import { may, reach } from '@tidegate/domain-access';
import { z } from 'zod';
import type { SignedIn } from '../../auth/index.ts';
import { Database, decodeCursor, encodeCursor } from '../../platform/index.ts';
import { findCheckedNodes, listCheckedNodes, type CheckedNode } from '../persistence/checked-nodes.ts';
import { ReleaseStatements } from '../release-statements.ts';
import { UpgradeChecks, type MayReadRunning } from './upgrade-checks.ts';

const AT_ONCE = 8;
/** A fleet runs many versions; the statements of so many of them are fetched for one page, of the rest the node's names stand in. */
const MAX_RUNNING_READ = 8;
const position = z.strictObject({ after: z.uuid() });

/** Checks as people ask for them: of one node they may see, or of many. */
@Injectable()
export class CheckRequests {
  constructor(
    private readonly database: Database,
    private readonly statements: ReleaseStatements,
    private readonly checks: UpgradeChecks,
  ) {}

  /** @throws CodedError node_not_found, also for a node the caller may not see */
  async one(caller: SignedIn, nodeId: string, asked: z.output<typeof checkUpgrade>): Promise<UpgradeCheck> {
    const [node] = await this.database.read((em) => findCheckedNodes(em, [nodeId]));
    if (!node || !mayCheck(caller, node)) throw new CodedError('node_not_found');
    return await this.checks.ofNode(node, asked.version ?? null, asked.channel, () => true);
  }

  /** Named nodes are answered in their order; selected ones by id, page by page. */
  async many(caller: SignedIn, asked: z.output<typeof checkUpgrades>): Promise<UpgradeChecksPage> {
    const { node_ids: ids, filter = {}, limit } = asked;
    if (ids) return { items: await this.checkAll(await this.named(caller, ids), asked), next_cursor: null };
    const after = decodeCursor(position, asked.cursor)?.after ?? null;
    const within = reach(caller.principal, 'upgrade.check');
    const found = await this.database.read((em) => listCheckedNodes(em, filter, within, { after, limit: limit + 1 }));
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1) : undefined;
    return { items: await this.checkAll(page, asked), next_cursor: last ? encodeCursor({ after: last.id }) : null };
  }

  private async named(caller: SignedIn, ids: readonly string[]): Promise<(CheckedNode | string)[]> {
    const found = await this.database.read((em) => findCheckedNodes(em, ids));
    const visible = new Map(found.filter((node) => mayCheck(caller, node)).map((node) => [node.id, node]));
    return [...new Set(ids)].map((id) => visible.get(id.toLowerCase()) ?? id);
  }

  private async checkAll(nodes: readonly (CheckedNode | string)[], asked: z.output<typeof checkUpgrades>): Promise<UpgradeCheck[]> {
    const version = asked.version ?? null;
    const mayReadRunning = this.runningBudget();
    const checks: UpgradeCheck[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let index = next++; index < nodes.length; index = next++) {
        const node = nodes[index];
        if (node === undefined) return;
        checks[index] =
          typeof node === 'string'
            ? this.checks.notFound(node, version, asked.channel)
            : await this.checks.ofNode(node, version, asked.channel, mayReadRunning);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return checks;
  }

  private runningBudget(): MayReadRunning {
    const fetched = new Set<string>();
    return (deviceType, version) => {
      const key = `${deviceType} ${version}`;
      if (fetched.has(key) || this.statements.known(deviceType, version)) return true;
      if (fetched.size >= MAX_RUNNING_READ) return false;
      fetched.add(key);
      return true;
    };
  }
}

const mayCheck = (caller: SignedIn, node: CheckedNode): boolean =>
  may(caller.principal, 'upgrade.check', { groupId: node.groupId, nodeId: node.id });
