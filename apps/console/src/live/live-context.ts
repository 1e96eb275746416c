import { createContext, useContext } from 'react';
import type { StreamState } from './event-stream.ts';

/** null where nothing is followed. */
export const StreamStateContext = createContext<StreamState | null>(null);
export const useStreamState = (): StreamState | null => useContext(StreamStateContext);
