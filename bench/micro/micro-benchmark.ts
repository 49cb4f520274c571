/** One small piece of work of the broker, repeated by itself. */
export type MicroBenchmark = {
  readonly name: string
  /** What one call of the operation counts as; 1 when it is left out. */
  readonly operationsPerCall?: number
  /**
   * Sets everything up and returns the operation. Its result depends on its work, so that no
   * compiler finds the work superfluous.
   */
  prepare(): Operation | Promise<Operation>
}

export type Operation = () => number
