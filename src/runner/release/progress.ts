/** How far an installation has come, for whoever shows it. */
export interface Progress {
  readonly step: "download" | "verify" | "unpack";
  /** Bytes of the archive. */
  readonly done: number;
  /** `null` when the server does not say. */
  readonly total: number | null;
}

export type OnProgress = (progress: Progress) => void;
