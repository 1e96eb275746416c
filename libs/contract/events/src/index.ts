export { ATTEMPT_STATES, attemptState, isTerminal, TERMINAL_STATES, type AttemptState, type TerminalState } from './attempt-state.ts';
export { EVENT_NAMES, EVENTS, nodeEvent, upgradeDetails, type EventName, type NodeEvent, type UpgradeDetails } from './node-event.ts';
