/** Whoever takes part in the transactions of an id without being their producer. */
export interface TransactionJoin {
  readonly transactionalId: string
  /** Which of the producers that had the id: one that came later fences it. */
  readonly generation: number
}
