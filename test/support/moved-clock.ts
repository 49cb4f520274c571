// A clock for tests with real sockets and long waits.
import { systemClock } from '../../src/lib/clock.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'

/** The machine's turns, and a time that the test moves. */
export class MovedClock extends VirtualClock {
  override atEndOfTurn(callback: () => void): void {
    systemClock.atEndOfTurn(callback)
  }
}
