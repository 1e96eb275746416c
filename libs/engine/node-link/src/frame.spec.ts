import { describe, expect, it } from '@jest/globals';
import { WIRE } from '@tidegate/contract-protocol';
import { readFrame } from './frame.ts';

const ID = '9c3d5f10-4b5e-4c8e-8a77-2c1d4e5f6a03';

describe('readFrame', () => {
  it('reads a message it knows', () => {
    expect(readFrame('{"type":"health_ack","beat":3}')).toEqual({ kind: 'message', message: { type: 'health_ack', beat: 3 } });
  });
  it('skips a type of a newer manager', () => {
    expect(readFrame('{"type":"weather","sun":true}')).toEqual({ kind: 'unknown_type' });
  });
  it('names a command of a newer manager, so that it can be refused by code', () => {
    const text = JSON.stringify({ type: 'command', id: ID, node_id: ID, ttl_secs: 1, action: { kind: 'dance' } });
    expect(readFrame(text)).toEqual({ kind: 'unknown_command', id: ID });
  });
  it.each([
    ['garbage', '\u0000\u0001'],
    ['no object', '7'],
    ['null', 'null'],
    ['no type', '{"beat":3}'],
    ['a known type of the wrong shape', '{"type":"health_ack","beat":"3"}'],
    [
      'a known action of the wrong shape',
      JSON.stringify({ type: 'command', id: ID, node_id: ID, ttl_secs: 1, action: { kind: 'upgrade_binary', version: '../../x' } }),
    ],
    ['an unknown action without a usable id', '{"type":"command","id":"x","action":{"kind":"dance"}}'],
  ])('calls %s malformed', (_, text) => {
    expect(readFrame(text)).toEqual({ kind: 'malformed', code: 'message_malformed' });
  });
  it('calls what is over the limit of the wire too large', () => {
    expect(readFrame(`"${'x'.repeat(WIRE.maxPayloadBytes)}"`)).toEqual({ kind: 'malformed', code: 'message_too_large' });
  });
});
