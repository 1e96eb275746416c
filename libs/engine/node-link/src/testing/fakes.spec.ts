import { createFakeSpool } from './fake-spool.ts';
import { createFakeTransport } from './fake-transport.ts';
import { describeSpoolContract } from './spool-contract.ts';
import { describeTransportContract } from './transport-contract.ts';

describeSpoolContract('the fake spool', () => {
  const spool = createFakeSpool();
  return Promise.resolve({
    spool,
    restart() {
      spool.nextRun();
      return Promise.resolve(spool);
    },
    dispose: () => Promise.resolve(),
  });
});

describeTransportContract('the fake transport', () => {
  const transport = createFakeTransport();
  return Promise.resolve({
    transport,
    url: 'ws://127.0.0.1:1/ws/node',
    peer: () =>
      Promise.resolve({
        receivedText(text) {
          const heard = transport.latest().sent.map((message) => JSON.stringify(message));
          return heard.includes(text) ? Promise.resolve() : Promise.reject(new Error(`never heard ${text}`));
        },
        say: (text: string) => transport.latest().deliverText(text),
        close: (code: number) => transport.latest().end({ code, reason: '' }),
        cut: () => transport.latest().end(),
      }),
    dispose: () => Promise.resolve(),
  });
});
