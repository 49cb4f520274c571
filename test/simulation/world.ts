// What everybody in a simulation shares: time, chance, the network, the machine, what is known.
import type { Random } from '../../src/lib/random.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import type { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { Machine } from './machine/machine.ts'
import { BrokerModel } from './model/broker-model.ts'
import { History, Violation } from './model/history.ts'
import { NameLocks } from './name-locks.ts'
import { Network } from './network/network.ts'
import type { Plan } from './plan.ts'
import type { Trace } from './trace.ts'

/** How often something is looked at that is waited for, in ms. */
const lookMs = 500

export interface WorldParts {
  readonly plan: Plan
  readonly clock: VirtualClock
  readonly trace: Trace
}

export class World {
  readonly plan: Plan
  readonly clock: VirtualClock
  readonly trace: Trace
  readonly history: History = new History()
  readonly model: BrokerModel = new BrokerModel(this.history)
  readonly network: Network
  readonly machine: Machine
  readonly locks: NameLocks = new NameLocks()
  /** Clients come to an end. */
  isWindingDown = false
  /** Steps that clients have taken. */
  stepCount = 0
  readonly #random: Random

  constructor({ plan, clock, trace }: WorldParts) {
    this.plan = plan
    this.clock = clock
    this.trace = trace
    this.history.onNote = (who, what) => trace.note(who, what)
    this.#random = seededRandom(plan.seed)
    this.network = new Network({ clock, random: this.fork(), ...plan.network })
    this.machine = new Machine(plan.machine, {
      clock,
      random: this.fork(),
      network: this.network,
      note: (who, what) => trace.note(who, what),
      onBroken: (what) => this.report(new Violation(what)),
      onDied: () => this.model.onCrash(),
    })
  }

  /** Chance of its own for somebody, so that what one does leaves the others alone. */
  fork(): Random {
    return seededRandom(this.#random.below(2 ** 32))
  }

  /** Something went wrong that is not supposed to: the first such thing counts. */
  report(error: unknown): void {
    const violation =
      error instanceof Violation
        ? error
        : new Violation(`${error instanceof Error ? error.stack : String(error)}`)
    if (this.history.violation === undefined) this.trace.note('violation', violation.message)
    this.history.violation ??= violation
  }

  /** Looks every now and then. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await this.sleep(lookMs)
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.after(ms, resolve)
    })
  }
}
