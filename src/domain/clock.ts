/** The world a rule or service depends on, passed in so that tests need neither clock nor chance. */
export type Ambient = {
  /** UTC ms */
  now: () => number;
  /** A new unique id with that prefix, such as "m_…". */
  newId: (prefix: string) => string;
};
