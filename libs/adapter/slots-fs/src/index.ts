export { createSlotStore, type SlotSettings } from './slot-store.ts';
export { createPartialDownloads } from './part-file.ts';
export { createSnapshotStore, type SnapshotSettings } from './snapshots/snapshot-store.ts';
export { createStateFile, peekStateFile } from './state-file.ts';
export { openEventSpool, type EventSpool, type EventSpoolOptions } from './spool/event-spool.ts';
export { syncFolder, writeWhole } from './durable-file.ts';
export { sweepUnfinished } from './sweep-unfinished.ts';
