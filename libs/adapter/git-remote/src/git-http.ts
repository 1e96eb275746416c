/** What listing the tags of a remote needs of HTTP. Whoever builds it decides which addresses may be asked, and as whom. */
export interface GitHttp {
  /** Redirects are followed as far as they may be. Throws what the transport has to say; aborts with the signal. */
  get(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<GitAnswer>;
  /** Redirects are not followed: what is asked is for this URL alone. */
  post(url: URL, headers: Readonly<Record<string, string>>, body: Uint8Array, signal: AbortSignal): Promise<GitAnswer>;
}

export interface GitAnswer {
  readonly status: number;
  /** Where the answer came from. */
  readonly url: URL;
  readonly header: (name: string) => string | undefined;
  /** The whole body, or null when it is longer than `maxBytes`; no more of it is read then. */
  readonly read: (maxBytes: number, signal: AbortSignal) => Promise<Uint8Array | null>;
  /** Ends an answer that nobody reads. */
  readonly discard: () => void;
}
