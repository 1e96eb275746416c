/** Caps that hold before and while parsing. Part of the contract: a publisher checks the same numbers. */
export const LIMITS = {
  /** 50,000 listed files need about 7.5 MB; docs/adr/0003 says why this is not 256 KiB. */
  manifestBytes: 8 * 1024 * 1024,
  bundleBytes: 64 * 1024,
  versionLength: 64,
  chunkBytes: 4 * 1024 * 1024,
  artefactBytes: 2 * 1024 ** 3,
  unpackedBytes: 8 * 1024 ** 3,
  fileCount: 50_000,
  pathLength: 240,
  pathDepth: 24,
  segmentLength: 120,
} as const;
