import { z } from 'zod';
import { refuse, type Verdict } from '@tidegate/contract-errors';
import { channel, releaseVersion, type ReleaseVersion } from '@tidegate/contract-manifest';
import type { AttemptId } from '@tidegate/contract-protocol';
import type { UpgradeEngine } from '@tidegate/engine-upgrade';
import { AGENT_VERSION } from '../build-facts.ts';
import { attemptJson } from './attempt-json.ts';
import { problem, type Answer } from './problem.ts';

export interface RouteParts {
  readonly engine: Pick<UpgradeEngine, 'request' | 'apply' | 'rollback' | 'unblock' | 'running' | 'history' | 'report'>;
  /** What `GET /status` answers. */
  readonly status: () => Promise<object>;
  /** The newest release this node could be given. */
  readonly latest: () => Promise<Verdict<object>>;
}

interface RouteRequest {
  /** The last segment of a path that ends in `:id`. */
  readonly id: string;
  readonly body: unknown;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Answered without a token. */
  readonly open?: true;
  readonly summary: string;
  readonly act: (request: RouteRequest) => Promise<Answer>;
}

const updateBody = z.strictObject({ version: releaseVersion, channel: channel.default(channel.parse('stable')) });
const unblockBody = z.strictObject({ version: releaseVersion });
const nothing = z.strictObject({});

/** All that the local API answers; docs/edge.md has the same list. */
export function routesOf({ engine, status, latest }: RouteParts): readonly Route[] {
  const get = (path: string, summary: string, act: Route['act']): Route => ({ method: 'GET', path, summary, act });
  const post = <T>(path: string, summary: string, schema: z.ZodType<T>, act: (body: T) => Promise<Answer>): Route => ({
    method: 'POST',
    path,
    summary,
    async act({ body }) {
      const parsed = schema.safeParse(body);
      if (parsed.success) return act(parsed.data);
      const issue = parsed.error.issues[0];
      return problem(refuse('request_invalid', { field: issue?.path.join('.') ?? '', rule: issue?.message ?? 'invalid' }));
    },
  });
  return [
    { ...get('/healthz', 'the agent’s loop turns', async () => ok({ status: 'ok', version: AGENT_VERSION })), open: true },
    get('/status', 'what runs, what is on trial, policy, floor, skip list, the running attempt', async () => ok(await status())),
    get('/releases/latest', 'the newest verified release of an allowed channel, and whether it is newer than what runs', async () => {
      const found = await latest();
      return found.ok ? ok(found.value) : problem(found);
    }),
    post('/update', 'request `{version, channel}`; 409 while an attempt runs', updateBody, async (body) =>
      accepted(await engine.request(body)),
    ),
    get('/update/:id', 'one attempt with its steps', async ({ id }) => attemptById(engine, id)),
    get('/history', 'ended attempts, newest first', async () => ok({ attempts: engine.history().map((one) => attemptJson(one)) })),
    post('/apply', 'activate what is staged and waits', nothing, async () => accepted(await engine.apply())),
    post('/rollback', 'return to the previous version', nothing, async () => accepted(await engine.rollback())),
    post('/unblock', 'take `{version}` off the skip list', unblockBody, async ({ version }) =>
      unblocked(version, await engine.unblock(version)),
    ),
  ];
}

const ok = (body: object): Answer => ({ status: 200, body });
const accepted = (verdict: Verdict<AttemptId>): Answer =>
  verdict.ok ? { status: 202, body: { id: verdict.value }, headers: { location: `/update/${verdict.value}` } } : problem(verdict);
const unblocked = (version: ReleaseVersion, verdict: Verdict<void>): Answer => (verdict.ok ? ok({ version }) : problem(verdict));

function attemptById(engine: RouteParts['engine'], id: string): Answer {
  const running = engine.running();
  const attempt = running?.id === id ? running : engine.history().find((one) => one.id === id);
  return attempt ? ok(attemptJson(attempt, engine.report())) : problem(refuse('route_not_found'));
}
