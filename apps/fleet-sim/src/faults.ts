/** What a node may do with an upgrade instead of carrying it through. */
export const FAULTS = {
  refuse: 'its own policy refuses the command',
  fail_staging: 'the download fails; it keeps running what it ran',
  revert: 'the candidate does not prove itself and the node is taken back',
  vanish: 'it disconnects for good in the middle of the attempt',
  slow: 'it takes ten times as long',
  flap: 'it drops its connection again and again during the attempt',
  lie: 'it acknowledges and then claims the new version without any attempt',
} as const;
export type Fault = keyof typeof FAULTS;
export type Behaviour = Fault | 'sound';

/** Share of attempts that go wrong, by fault; what is left is sound. */
export type FaultRates = Readonly<Partial<Record<Fault, number>>>;

/**
 * `revert=0.1,slow=0.2`
 * @throws Error with what is wrong: a simulator that guesses would show a fleet that nobody asked for.
 */
export function parseFaultRates(text: string): FaultRates {
  const rates: Partial<Record<Fault, number>> = {};
  for (const part of text.split(',').filter((entry) => entry !== '')) {
    const [name = '', share = ''] = part.split('=', 2);
    if (!Object.hasOwn(FAULTS, name)) throw new Error(`there is no fault "${name}", only ${Object.keys(FAULTS).join(', ')}`);
    const rate = Number(share);
    if (share === '' || !(rate >= 0 && rate <= 1)) throw new Error(`${name} needs a share between 0 and 1`);
    rates[name as Fault] = rate;
  }
  const total = Object.values(rates).reduce((sum, rate) => sum + rate, 0);
  if (total > 1 + 1e-9) throw new Error('the shares add up to more than 1');
  return rates;
}

/** @param draw uniform in [0, 1) */
export function behaviourOf(rates: FaultRates, draw: number): Behaviour {
  let upTo = 0;
  for (const [fault, rate] of Object.entries(rates) as [Fault, number][]) {
    upTo += rate;
    if (draw < upTo) return fault;
  }
  return 'sound';
}
