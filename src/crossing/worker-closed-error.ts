/** The broker stops, so what its thread was asked to do is not done. */
export class WorkerClosedError extends Error {
  override readonly name = 'WorkerClosedError'

  constructor() {
    super('The broker stops')
  }
}
