// A connection that publishes faster than it may is not read for a while.
import type { Place } from '../auth/rights.ts'
import type { Broker } from '../broker/broker.ts'
import type { PublishMeter } from '../broker/rate/publish-meter.ts'
import { pauseReason, type ReadGate } from './read-gate.ts'

/** Counts what is published at `place` by the connection of `gate`. */
export function meterPublishes(
  { broker }: { readonly broker: Broker },
  place: Place,
  gate: ReadGate,
): PublishMeter {
  return broker.rates.open(place, {
    pause: () => gate.pause(pauseReason.rate),
    resume: () => gate.resume(pauseReason.rate),
  })
}
