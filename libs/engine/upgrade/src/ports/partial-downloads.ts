import type { Artefact } from '@tidegate/contract-manifest';

/** What an interrupted download of one artefact had got, in whole chunks. */
export interface PartialDownload {
  /** Each chunk of it has just been checked against its signed digest; what did not match is gone, with all after it. */
  readonly keptBytes: number;
  /** The kept bytes, from the start. Untrusted again: whoever reads them checks each chunk as if it came from the network. */
  read(): AsyncIterable<Uint8Array>;
  /** The next verified chunk. Not durable: a torn one is found out by its digest. The chunk may be reused once this resolves. */
  append(chunk: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** In staging, so that clearing it clears these. Disk errors are thrown as CodedError `upgrade_storage_error` or `upgrade_disk_full`. */
export interface PartialDownloads {
  open(artefact: Artefact): Promise<PartialDownload>;
  /** The artefact is unpacked: its bytes are needed no more. */
  drop(artefact: Artefact): Promise<void>;
}
