import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const WIRE = join(import.meta.dirname, '../../../../libs/contract/protocol/fixtures/v1.json');
const messages = JSON.parse(readFileSync(WIRE, 'utf8')) as Record<string, { readonly type: string }>;
const wire = Object.values(messages);
const digest = 'a'.repeat(64);
const attempt = {
  id: 'a1',
  commandId: null,
  kind: 'upgrade',
  state: 'trial',
  fromVersion: '1.0.0',
  toVersion: '1.1.0',
  channel: 'stable',
  expectedDigest: null,
  retrySkipped: false,
  digest,
  signer: 'release',
  acceptedAt: '2026-01-01T00:00:00.000Z',
  acceptedBootId: 'b1',
  acceptedUptimeSecs: 12.5,
  ttlSecs: 3600,
  steps: [{ state: 'accepted', at: '2026-01-01T00:00:00.000Z', uptimeSecs: 1, bootId: 'b1', tookSecs: null, of_a_newer_version: [1] }],
  retryCounted: true,
  baseline: [{ id: 'event-loop', ok: true }],
  migrationsDone: ['one'],
  note: { code: 'x', details: { a: [''], b: null } },
  waitsFor: 'person',
  released: false,
  errorCode: null,
  errorDetails: { reason: 'r', times: 2, list: ['a'] },
  finishedAt: null,
};
const source = { api_base_url: 'https://api.github.com', owner: 'tidegate', repo: 'tidegate-edge' };

/** Of each schema of the agent, values it takes. */
export const SAMPLES: Readonly<Record<keyof typeof import('./schemas-of-the-agent.ts'), readonly unknown[]>> = {
  fromManager: wire.filter(({ type }) => /^(hello|registered|auth_ok|auth_error|health_ack|event_ack|command)$/.test(type)),
  fromNode: wire.filter(({ type }) => /^(register|auth|health|event|command_ack)$/.test(type)),
  registrationToken: [`tgr_${'A'.repeat(43)}`],
  nodeState: [
    {
      schema: 1,
      attempt,
      history: [{ ...attempt, state: 'committed', note: null, waitsFor: null }],
      executedCommands: [
        {
          id: '7c9e6679-7425-40de-944b-e07fc1f90ae7',
          ack: { type: 'command_ack', id: '7c9e6679-7425-40de-944b-e07fc1f90ae7', accepted: true, attempt_id: 'a1' },
        },
      ],
      floor: { version: '1.0.0', sequence: 3 },
      revoked: [digest],
      statements: { 'edge stable': { digest, sequence: 4 } },
      highestCommitted: '1.0.0',
      highestSequence: 4,
      skipList: [{ digest, version: '1.2.0', reason: 'health', retries: 0 }],
      migrations: [{ id: 'one', version: '1.0.0', reversible: true }],
      outbox: [{ name: 'upgrade_started', severity: 'info', details: {} }],
    },
  ],
  edgeConfig: [
    {},
    {
      name: 'harbour-1',
      manager: { url: 'wss://manager.example/ws/node', ca_file: '/etc/ca.pem', fingerprint_sha256: digest },
      source: { ...source, proxy: 'http://proxy.example:3128', token_file: '/etc/token' },
      upgrade: {
        enabled: true,
        allowed_channels: ['stable', 'beta'],
        min_version: '1.0.0',
        maintenance_window: { days: ['mon'], from: '22:00', to: '04:00', time_zone: 'Europe/Vienna' },
        mirrors: [source],
        data_dir: '/srv/data',
        download_rate_limit: 100_000,
      },
      local_api: { socket: '/run/agent.sock', port: 8080 },
    },
  ],
  manifest: [
    {
      schema: 1,
      device_type: 'edge',
      version: '1.2.3',
      channel: 'stable',
      released_at: '2026-01-01T00:00:00Z',
      sequence: 1,
      security_floor: { version: '1.0.0', sequence: 1 },
      revoked: [digest],
      source: { repository: 'https://example.com/edge', revision: 'b'.repeat(40) },
      artefacts: [
        {
          arch: 'x64',
          variant: 'full',
          name: 'edge.tar.gz',
          size: 5,
          sha256: digest,
          format: 'tar.gz',
          chunk_size: 65_536,
          chunk_sha256: [digest],
          unpacked_size: 2,
          entrypoint: 'bin/edge',
          files: [
            { path: 'bin/edge', mode: '0755', size: 1, sha256: digest },
            { path: 'lib/main.cjs', mode: '0644', size: 1, sha256: digest },
          ],
        },
      ],
      config: { env: [{ name: 'A', required: true }], posture: { read_only_root: true, kernel: '6.1', level: 2 } },
      migrations: [{ id: 'one', argv: ['bin/edge', 'migrate'], timeout_secs: 10, reversible: true }],
      snapshot: { paths: ['data/db'] },
      health: {
        checks: [
          { id: 'web', kind: 'http', path: '/', port: 80 },
          { id: 'cli', kind: 'command', argv: ['bin/check'] },
        ],
      },
      notes_url: 'https://example.com/notes',
    },
  ],
};
