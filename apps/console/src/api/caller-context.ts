import { createContext, useContext } from 'react';
import type { Caller } from './caller.ts';

const CallerContext = createContext<Caller | null>(null);
export const CallerProvider = CallerContext.Provider;

export const useCaller = (): Caller => {
  const caller = useContext(CallerContext);
  if (caller === null) throw new Error('useCaller needs a CallerProvider above it');
  return caller;
};
