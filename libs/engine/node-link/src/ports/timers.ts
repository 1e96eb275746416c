/** Time and chance, injected: virtual in specs. */
export interface Timers {
  /** Calls back once after `delayMs`; the returned function cancels and may be called at any time. */
  after(delayMs: number, callback: () => void): () => void;
  /** 0 <= n < 1 */
  random(): number;
}
