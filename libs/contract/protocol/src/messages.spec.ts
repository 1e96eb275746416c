import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import v1 from '../fixtures/v1.json' with { type: 'json' };
import { authPayload, keyPayload, MESSAGES, parseFromManager, parseFromNode, WIRE } from './index.ts';

const fixtures: Readonly<Record<string, object>> = v1;
const names = Object.keys(MESSAGES) as (keyof typeof MESSAGES)[];
const parserOf = (name: keyof typeof MESSAGES) => (MESSAGES[name].direction === 'node -> manager' ? parseFromNode : parseFromManager);
/** Fields a message of v1 may lack: everything else is required for ever. */
const optional = new Set(['auth_error.retry_after_ms']);

describe('the wire, version 1', () => {
  it('has a fixture for every message', () => {
    expect(Object.keys(fixtures).sort()).toEqual([...names].sort());
  });

  it.each(names)('%s is read as it was first written, and unknown fields are dropped', (name) => {
    const frame = { ...fixtures[name], from_the_future: { deep: [1] } };
    expect(parserOf(name)(JSON.stringify(frame))).toMatchObject({ ok: true, value: fixtures[name] });
    expect(parserOf(name)(JSON.stringify(frame))).not.toMatchObject({ value: { from_the_future: expect.anything() } });
  });

  it.each(names)('%s without one of its fields is message_malformed', (name) => {
    for (const field of Object.keys(fixtures[name] ?? {})) {
      if (optional.has(`${name}.${field}`) || (name === 'command_ack' && field === 'details')) continue;
      const { [field]: _dropped, ...rest } = fixtures[name] as Record<string, unknown>;
      expect([field, parserOf(name)(JSON.stringify(rest))]).toEqual([
        field,
        expect.objectContaining({ ok: false, code: 'message_malformed' }),
      ]);
    }
  });

  it.each(names)('%s is not taken from the wrong side', (name) => {
    const wrong = MESSAGES[name].direction === 'node -> manager' ? parseFromManager : parseFromNode;
    expect(wrong(JSON.stringify(fixtures[name]))).toMatchObject({ ok: false });
  });

  it('refuses what is too large before parsing it, and garbage without throwing', () => {
    expect(parseFromNode(' '.repeat(WIRE.maxPayloadBytes + 1))).toMatchObject({ code: 'message_too_large' });
    fc.assert(fc.property(fc.string(), (text) => !parseFromNode(text).ok && !parseFromManager(text).ok));
    fc.assert(fc.property(fc.json(), (text) => !parseFromNode(text).ok && !parseFromManager(text).ok));
  });

  it('carries nothing of the upgrade policy in its settings', () => {
    const widened = { ...v1.auth_ok, settings: { ...v1.auth_ok.settings, upgrade: { enabled: true }, allowed_channels: ['beta'] } };
    const parsed = parseFromManager(JSON.stringify(widened));
    expect(parsed.ok && parsed.value.type === 'auth_ok' && Object.keys(parsed.value.settings)).toEqual([
      'beat_interval_secs',
      'spool_max_events',
    ]);
  });

  it('asks for a new key in a command that names nothing else', () => {
    const command = { ...v1.command, action: { kind: 'rotate_key', public_key: 'x' } };
    expect(parseFromManager(JSON.stringify(command))).toMatchObject({ ok: true, value: { action: { kind: 'rotate_key' } } });
    expect(parseFromManager(JSON.stringify(command))).not.toMatchObject({ value: { action: { public_key: 'x' } } });
  });

  it('asks for the previous version by its number, and names nothing else', () => {
    const action = { kind: 'return_to_previous', version: '1.0.0' };
    const parsed = parseFromManager(JSON.stringify({ ...v1.command, action: { ...action, expected_manifest_sha256: 'x' } }));
    expect(parsed).toMatchObject({ ok: true, value: { action } });
    expect(parsed.ok && parsed.value.type === 'command' && Object.keys(parsed.value.action)).toEqual(['kind', 'version']);
    expect(parseFromManager(JSON.stringify({ ...v1.command, action: { kind: 'return_to_previous' } }))).toMatchObject({ ok: false });
  });

  it.each(['1.1.0/../../etc', 'v1.1.0', '1.1.0+x', '../1.1.0', ''])('a command for version %j is malformed', (version) => {
    const command = { ...v1.command, action: { ...v1.command.action, version } };
    expect(parseFromManager(JSON.stringify(command))).toMatchObject({ code: 'message_malformed' });
  });
});

describe('what a node signs', () => {
  const fields = { managerNonce: 'm', nodeNonce: 'n', nodeId: 'i', managerId: 'g', protocol: 1, intent: 'session' } as const;
  it('is these bytes, for ever', () => {
    expect(new TextDecoder().decode(authPayload(fields))).toBe('tidegate-node-auth-v1\nm\nn\ni\ng\n1\nsession');
  });
  it('differs when any field differs', () => {
    const base = authPayload(fields).toString();
    const changes = [
      { managerNonce: 'x' },
      { nodeNonce: 'x' },
      { nodeId: 'x' },
      { managerId: 'x' },
      { protocol: 2 },
      { intent: 'probe' as const },
    ];
    for (const change of changes) expect(authPayload({ ...fields, ...change }).toString()).not.toBe(base);
  });
});

describe('what both keys sign when a node changes its key', () => {
  const fields = { commandId: 'c', nodeId: 'i', managerId: 'g', oldKey: 'o', newKey: 'n' };
  it('is these bytes, for ever, and differs when any field differs', () => {
    expect(new TextDecoder().decode(keyPayload(fields))).toBe('tidegate-node-rekey-v1\nc\ni\ng\no\nn');
    for (const field of Object.keys(fields)) expect(keyPayload({ ...fields, [field]: 'x' })).not.toEqual(keyPayload(fields));
  });
});
