// What tests with bugs that are planted share.
import type { ClientPlan } from './plan.ts'

/** Only the clients that the test is about. */
export const nobodyElse: ClientPlan = {
  publishers: 0,
  consumers: 0,
  getters: 0,
  declarers: 0,
  transactors: 0,
  streamReaders: 0,
  producers: 0,
  idempotentProducers: 0,
  fetchers: 0,
  administrators: 0,
  members: 0,
}

/** True each `n`th time. */
export function everyNth(n: number): () => boolean {
  let count = 0
  return () => ++count % n === 0
}
