import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Closed, Connection, Transport } from '../ports/transport.ts';

/** The other end of the newest connection. */
export interface Peer {
  receivedText(text: string): Promise<void>;
  say(text: string): void;
  /** Closes as a polite peer does. */
  close(code: number): void;
  /** The line breaks. */
  cut(): void;
}

export interface TransportUnderTest {
  readonly transport: Transport;
  readonly url: string;
  /** Resolves when the other end has accepted the newest connection. */
  peer(): Promise<Peer>;
  dispose(): Promise<void>;
}

/** What the engine counts on, for the fake and the real transport alike. */
export function describeTransportContract(name: string, open: () => Promise<TransportUnderTest>): void {
  describe(`${name} keeps the contract of a transport`, () => {
    let under: TransportUnderTest;
    let connection: Connection;
    let texts: string[];
    let closes: Closed[];
    let heard: () => void;
    const until = async (done: () => boolean): Promise<void> => {
      while (!done()) await new Promise<void>((resolve) => (heard = resolve));
    };
    beforeEach(async () => {
      under = await open();
      // Of this test alone: a connection of the last one may still be closing.
      const [ownTexts, ownCloses]: [string[], Closed[]] = [[], []];
      texts = ownTexts;
      closes = ownCloses;
      heard = () => {};
      connection = under.transport.connect(under.url, {
        received: (text) => (ownTexts.push(text), heard()),
        closed: (closed) => (ownCloses.push(closed), heard()),
      });
    });
    afterEach(() => under.dispose());
    const openPeer = async (): Promise<Peer> => {
      const peer = await under.peer();
      peer.say('hello');
      await until(() => texts.length === 1);
      texts.splice(0);
      return peer;
    };

    it('carries text both ways, in order', async () => {
      const peer = await openPeer();
      peer.say('{"n":1}');
      peer.say('{"n":2}');
      await until(() => texts.length === 2);
      expect(texts).toEqual(['{"n":1}', '{"n":2}']);
      connection.send('{"to":"peer"}');
      await peer.receivedText('{"to":"peer"}');
    });

    it('says once how the peer closed', async () => {
      const peer = await openPeer();
      peer.close(4009);
      await until(() => closes.length > 0);
      expect(closes).toEqual([{ code: 4009, reason: expect.any(String) }]);
      connection.send('{}');
      connection.close(1000, 'again');
      expect(closes).toHaveLength(1);
    });

    it('calls a broken line 1006', async () => {
      const peer = await openPeer();
      peer.cut();
      await until(() => closes.length > 0);
      expect(closes[0]?.code).toBe(1006);
    });

    it('reports its own close with its own code, once, also when asked twice', async () => {
      await openPeer();
      connection.close(4022, 'message_malformed');
      connection.close(1000, 'later');
      await until(() => closes.length > 0);
      expect(closes).toEqual([{ code: 4022, reason: 'message_malformed' }]);
    });
  });
}
