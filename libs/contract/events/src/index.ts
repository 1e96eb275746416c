export {
  ATTEMPT_PATH,
  ATTEMPT_STATES,
  attemptState,
  isTerminal,
  TERMINAL_STATES,
  type AttemptState,
  type TerminalState,
} from './attempt-state.ts';
export {
  categoryOf,
  EVENT_CATEGORIES,
  EVENT_NAMES,
  EVENTS,
  nodeEvent,
  severityOf,
  upgradeDetails,
  type EventCategory,
  type EventName,
  type NodeEvent,
  type UpgradeDetails,
} from './node-event.ts';
export { PLATFORM_EVENTS, type PlatformEventName } from './platform-event.ts';
