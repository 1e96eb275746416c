/** How a demo release is at fault. Every one of them is the project's own edge; `prologue` names the module it starts with. */
export interface DemoRelease {
  readonly version: string;
  readonly sequence: number;
  readonly notes: string;
  readonly prologue?: string;
  /** One byte of the artefact is changed after it was signed. */
  readonly isTampered?: true;
  /** Signed by a workflow that is not among the demo's signers. */
  readonly isSignedByStranger?: true;
}

export const INSTALLED_VERSION = '1.0.0';

export const DEMO_RELEASES: readonly DemoRelease[] = [
  { version: INSTALLED_VERSION, sequence: 1, notes: 'What the fleet runs at first.' },
  { version: '1.1.0', sequence: 2, notes: 'A good release: it proves itself and is committed.' },
  {
    version: '1.2.0',
    sequence: 3,
    notes: 'Ends as soon as it starts. The boot guard counts three starts and takes the node back.',
    prologue: 'exits-at-once.mjs',
  },
  {
    version: '1.3.0',
    sequence: 4,
    notes: 'Stays up but never authenticates. Nobody notices but the deadline, which takes the node back.',
    prologue: 'never-authenticates.mjs',
  },
  {
    version: '1.4.0',
    sequence: 5,
    notes: 'Its artefact was altered after signing. The node refuses the first differing chunk.',
    isTampered: true,
  },
  {
    version: '1.5.0',
    sequence: 6,
    notes: 'Properly signed, but by somebody this fleet does not trust. Refused before the download.',
    isSignedByStranger: true,
  },
  {
    version: '1.6.0',
    sequence: 7,
    notes: 'Reports that it is ready, then hangs. The watchdog ends it and the boot guard takes the node back.',
    prologue: 'hangs-once-ready.mjs',
  },
];
