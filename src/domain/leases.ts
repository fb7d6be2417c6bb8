/** The right to be the one who does something, until somebody else has it. */
export type Lease = {
  name: string;
  /** Raised whenever it changes hands: what was claimed under an older one is refused. */
  token: number;
};

/** Leases between the processes that share a database, measured by one clock: the database's own, where it has one. */
export type LeaseStore = {
  /**
   * Takes or renews a lease for so long. Free is what nobody has, what has run out, and what a process of this host
   * has that is gone.
   *
   * @returns null while somebody else has it; `former`: who had it before, when it changed hands
   */
  take(asked: {
    name: string;
    owner: string;
    ttlMs: number;
  }): Promise<{ lease: Lease; former: string | null } | null>;
  /** Ends it, if it is still that one; the next to ask gets it at once. */
  giveBack(lease: Lease): Promise<void>;
  /** Whether nobody has taken it since. */
  isCurrent(lease: Lease): Promise<boolean>;
};
