import { action, type Action } from '@tidegate/contract-protocol';
import type { UpgradeRecord } from './upgrade-life.ts';

/** What makes one request differ from another. */
export type Wanted = Pick<UpgradeRecord, 'action' | 'version' | 'channel' | 'expectedManifestSha256' | 'retrySkipped'>;

/** As a node is told. */
export function actionOf({ action: kind, version, channel, expectedManifestSha256: pin, retrySkipped }: Wanted): Action {
  if (kind === 'return') return action.parse({ kind: 'return_to_previous', version });
  return action.parse({
    kind: 'upgrade_binary',
    version,
    channel,
    ...(pin !== null && { expected_manifest_sha256: pin }),
    ...(retrySkipped && { retry_skipped: true }),
  });
}
