// The place where results and checkpoints are exchanged: a shared folder, or a bucket.

/** Files by name; names are parts of letters, digits, `-`, `_` and `.`, joined by `/`. A file that is read is whole. */
export interface ArtefactStore {
  /** Its address as users wrote it, without secrets, for messages. */
  readonly address: string;
  has(name: string): Promise<boolean>;
  /** The whole file; undefined where there is none. */
  get(name: string): Promise<Uint8Array | undefined>;
  /** Puts a file unless one of its name is there: false, and that one stays. Of several at once one wins. */
  putIfAbsent(name: string, bytes: Uint8Array): Promise<boolean>;
  /** Puts a file in place of any other of its name, whole or not at all. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** Removes a file; does nothing where there is none. */
  remove(name: string): Promise<void>;
}
