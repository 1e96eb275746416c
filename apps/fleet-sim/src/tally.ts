/** What all nodes together have been through; printed as one line of JSON. */
export interface Tally {
  nodes: number;
  live: number;
  /** Times a node authenticated. */
  sessions: number;
  commands: number;
  /** Commands that came to a node again: acknowledged again, not done again. */
  repeated: number;
  /** Attempts begun. */
  executed: number;
  refused: number;
  committed: number;
  rolledBack: number;
  failed: number;
  vanished: number;
}

export const newTally = (nodes: number): Tally => ({
  nodes,
  live: 0,
  sessions: 0,
  commands: 0,
  repeated: 0,
  executed: 0,
  refused: 0,
  committed: 0,
  rolledBack: 0,
  failed: 0,
  vanished: 0,
});
