import { describe, expect, it } from '@jest/globals';
import { ERRORS } from '@tidegate/contract-errors';
import { aNode } from '../testing/views.ts';
import { ApiRefusal, createCaller } from './caller.ts';

interface Sent {
  url: string;
  init: RequestInit;
}
const withAnswer = (answer: () => Promise<Response>) => {
  const sent: Sent[] = [];
  let signedOut = 0;
  let keys = 0;
  const caller = createCaller({
    fetch: (url, init) => {
      sent.push({ url, init });
      return answer();
    },
    csrfToken: () => 'csrf-1',
    newKey: () => `key-${++keys}`,
    onSignedOut: () => signedOut++,
  });
  return { caller, sent, signedOut: () => signedOut };
};
const json = (status: number, body: unknown) => () => Promise.resolve(new Response(JSON.stringify(body), { status }));
const refusal = async (promise: Promise<unknown>): Promise<ApiRefusal> => {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ApiRefusal);
  return error as ApiRefusal;
};

describe('a call to the API', () => {
  it('encodes parameters, leaves undefined filters out and sends no CSRF token with a read', async () => {
    const { caller, sent } = withAnswer(json(200, { items: [], next_cursor: null, total: 0 }));
    await caller.ask('listNodes', { query: { search: 'a&b', badge: undefined, limit: 5 } });
    expect(sent[0]?.url).toBe('/api/v1/nodes?search=a%26b&limit=5');
    expect(sent[0]?.init.headers).not.toHaveProperty('x-csrf-token');
  });

  it('sends the CSRF token and JSON with a change', async () => {
    const { caller, sent } = withAnswer(() => Promise.resolve(new Response(null, { status: 204 })));
    expect(await caller.ask('endUserSessions', { parameters: { id: '../x' } })).toBeNull();
    expect(sent[0]).toMatchObject({ url: '/api/v1/users/..%2Fx/sessions', init: { method: 'DELETE' } });
    await caller.ask('createGroup', { body: { name: 'harbour' } }).catch(() => null);
    expect(sent[1]?.init).toMatchObject({ method: 'POST', body: '{"name":"harbour"}' });
    expect(sent[1]?.init.headers).toMatchObject({ 'x-csrf-token': 'csrf-1', 'content-type': 'application/json' });
  });

  it('says which revision the person saw', async () => {
    const { caller, sent } = withAnswer(json(200, aNode({ revision: 8 })));
    const answer = await caller.ask('updateNode', { parameters: { id: 'n' }, body: { labels: { site: 'a' } }, revision: 7 });
    expect(answer.revision).toBe(8);
    expect(sent[0]?.init).toMatchObject({ method: 'PATCH', headers: { 'if-match': '"7"' } });
  });

  it('repeats what starts work under the same key when its answer was lost, and nothing else', async () => {
    const lost = withAnswer(() => Promise.reject(new TypeError('Failed to fetch')));
    await refusal(lost.caller.ask('requestUpgrade', { parameters: { id: 'n' }, body: { version: '1.1.0' } }));
    expect(lost.sent.map(({ init }) => (init.headers as Record<string, string>)['idempotency-key'])).toEqual(['key-1', 'key-1']);
    await refusal(lost.caller.ask('createGroup', { body: { name: 'harbour' } }));
    expect(lost.sent).toHaveLength(3);
  });

  it('takes 200 for "nothing to do" where the route says so', async () => {
    const { caller } = withAnswer(json(200, { outcome: 'of another shape' }));
    expect((await refusal(caller.ask('requestUpgrade', { parameters: { id: 'n' }, body: { version: '1.1.0' } }))).code).toBe(
      'internal_error',
    );
  });

  it('rejects with the code and the words of the registry', async () => {
    const body = { type: 'x', title: 'altered by a proxy', status: 409, code: 'node_offline', hint: 'x', request_id: 'r-1' };
    const { caller, signedOut } = withAnswer(json(409, body));
    const error = await refusal(caller.ask('endNodeMaintenance', { parameters: { id: 'n' } }));
    expect(error).toMatchObject({ code: 'node_offline', message: ERRORS.node_offline.meaning, hint: ERRORS.node_offline.hint });
    expect(error.problem?.request_id).toBe('r-1');
    expect(signedOut()).toBe(0);
  });

  it('keeps code and text of a refusal that is newer than this console', async () => {
    const body = { type: 'x', title: 'New rule.', status: 422, code: 'rule_of_tomorrow', hint: 'Do so.', request_id: 'r' };
    const error = await refusal(withAnswer(json(422, body)).caller.ask('signOut'));
    expect(error).toMatchObject({ code: 'rule_of_tomorrow', message: 'New rule.', hint: 'Do so.' });
  });

  it('tells that the session is gone, also when a proxy swallowed the problem document', async () => {
    const { caller, signedOut } = withAnswer(() => Promise.resolve(new Response('<html>', { status: 401 })));
    expect((await refusal(caller.ask('listNodes'))).code).toBe('not_signed_in');
    expect(signedOut()).toBe(1);
  });

  it.each([
    ['nobody answers', () => Promise.reject(new TypeError('Failed to fetch')), 'manager_unavailable'],
    ['a proxy says 502', () => Promise.resolve(new Response('bad gateway', { status: 502 })), 'manager_unavailable'],
    ['the answer has another shape', json(200, { items: 'none' }), 'internal_error'],
  ])('when %s, it is a coded refusal', async (_, answer, code) => {
    expect((await refusal(withAnswer(answer).caller.ask('listNodes'))).code).toBe(code);
  });

  it('lets an abort through as an abort', async () => {
    const { caller } = withAnswer(() => Promise.reject(new DOMException('stop', 'AbortError')));
    await expect(caller.ask('listNodes')).rejects.toMatchObject({ name: 'AbortError' });
  });
});
