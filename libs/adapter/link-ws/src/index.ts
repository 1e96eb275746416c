export { isLoopbackHost, managerUrlProblem } from './manager-url.ts';
export { createWsTransport, type WsTransportOptions } from './ws-transport.ts';
