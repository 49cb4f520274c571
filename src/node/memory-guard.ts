// The memory of a node: how much of it is used, what clients make the broker hold of it, and what follows
// when it is short.
import type { BrokerStatus } from '../admin/broker-status.ts'
import type { Broker } from '../broker/broker.ts'
import { MemoryAccount } from '../broker/memory-account.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { type MemoryLevel, MemoryWatch } from '../lib/memory-watch.ts'
import type { ProcessMemory } from '../lib/process-memory.ts'
import { memoryLimits } from '../limits/memory.ts'
import { InputBudget } from '../server/input-budget.ts'

export interface MemoryGuardParts {
  readonly clock: Clock
  readonly memory: ProcessMemory
  readonly logger: Logger
  /** As the setting has it: a share of what there is, or bytes. */
  readonly watermark: number
}

export class MemoryGuard implements Disposable {
  readonly account: MemoryAccount
  readonly inputBudget: InputBudget
  readonly #watch: MemoryWatch

  constructor({ shortage, admission, store }: Broker, parts: MemoryGuardParts) {
    const watch = new MemoryWatch(parts)
    const account = new MemoryAccount({
      // Requests, deliveries and groups are objects of the heap, which may be the smaller one.
      watermark: Math.min(watch.watermark, parts.memory.heapMax),
      onReceived: (size) => watch.onReceived(size),
    })
    this.#watch = watch
    this.account = account
    this.inputBudget = new InputBudget({
      account,
      clock: parts.clock,
      uncommittedSize: () => store.uncommittedSize,
    })
    admission.onAdmitted = () => watch.onReceived(memoryLimits.admittedSize)
    watch.start((level, inUse) => {
      logLevel(level, inUse, parts.logger)
      admission.isOpen = level !== 'critical'
      shortage.set('memory', level !== 'ample')
    })
  }

  /** Bytes that consumer groups may hold together. */
  get groupsSizeMax(): number {
    const { budgetSizeMin, groupsShare } = memoryLimits
    return Math.max(budgetSizeMin, this.account.watermark * groupsShare)
  }

  get status(): BrokerStatus['memory'] {
    const { resident: residentBytes, inUse: inUseBytes, watermark: watermarkBytes } = this.#watch
    return { residentBytes, inUseBytes, watermarkBytes, heldBytes: { ...this.account.sizes } }
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]()
  }
}

function logLevel(level: MemoryLevel, inUse: number, logger: Logger): void {
  const megabytes = Math.round(inUse / 1e6)
  if (level === 'ample') logger.info({ megabytes }, 'There is memory enough again')
  else if (level === 'low') logger.warn({ megabytes }, 'Publishers are blocked: low on memory')
  else logger.error({ megabytes }, 'Memory is nearly used up: nothing new is let in')
}
