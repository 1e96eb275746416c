export { createSlotStore, type SlotSettings } from './slot-store.ts';
export { createStateFile } from './state-file.ts';
