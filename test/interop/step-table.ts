// The type of what clients must see, apart from the tables.

/** Results by step, in the order of the table in docs/compatibility.md. */
export type Steps = Readonly<Record<string, Readonly<Record<string, unknown>>>>
