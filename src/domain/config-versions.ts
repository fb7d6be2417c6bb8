/** What a file that steers the agents held; the version is the hash of its content that turns carry. */
export type ConfigText = { name: string; version: string; content: string };

/** From that instant (UTC ms) a file had that version. One that came back has several. */
export type ConfigChange = { name: string; version: string; at: number };

/** Nothing of it is ever removed: an old turn's hash leads to the words it was answered by. */
export type ConfigVersionStore = {
  /**
   * Keeps the content, and that the file changed if the latest of its changes is to another version. Safe to repeat,
   * and for several processes that read the same file at once.
   */
  keep(text: ConfigText, at: number): Promise<void>;
  /** Newest first; of one file, or of all. */
  changes(filter: { name?: string | undefined; limit: number }): Promise<ConfigChange[]>;
  /** Versions of that file that begin so. */
  find(name: string, beginning: string): Promise<ConfigText[]>;
};
