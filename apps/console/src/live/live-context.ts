import { createContext, useContext } from 'react';
import type { StreamState } from './event-stream.ts';

export const StreamStateContext = createContext<StreamState>('connecting');
export const useStreamState = (): StreamState => useContext(StreamStateContext);
