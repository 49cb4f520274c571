// The memory of a node: how much of it is used, what clients make the broker hold of it, and what follows
// when it is short.
import type { BrokerStatus } from '../admin/broker-status.ts'
import type { Admission } from '../broker/admission.ts'
import type { Broker } from '../broker/broker.ts'
import { MemoryAccount } from '../broker/memory-account.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { type MemoryLevel, MemoryWatch } from '../lib/memory-watch.ts'
import { pagePool } from '../lib/page-pool.ts'
import type { ProcessMemory } from '../lib/process-memory.ts'
import { memoryLimits } from '../limits/memory.ts'
import { InputBudget } from '../server/input-budget.ts'
import { ParkedRelief } from './parked-relief.ts'

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
  readonly #relief: ParkedRelief

  constructor({ shortage, admission, store }: Broker, parts: MemoryGuardParts) {
    const watch = new MemoryWatch({
      ...parts,
      passing: () => sizeOf(account) + pagePool.freeSize,
    })
    const account: MemoryAccount = new MemoryAccount({
      // Requests, deliveries and groups are objects of the heap, which may be the smaller one.
      watermark: Math.min(watch.watermark, parts.memory.heapMax),
      onReceived: (size) => watch.onReceived(size),
    })
    this.#watch = watch
    this.#relief = new ParkedRelief(account, parts.clock)
    this.account = account
    this.inputBudget = new InputBudget({
      account,
      clock: parts.clock,
      uncommittedSize: () => store.uncommittedSize,
    })
    admission.onAdmitted = () => watch.onReceived(memoryLimits.admittedSize)
    admission.onDeclared = () => watch.onDeclared()
    let last: MemoryLevel = 'ample'
    watch.start(({ level, room, inUse }) => {
      if (level !== last) logLevel(level, inUse, parts.logger)
      last = level
      this.#letIn(admission, level !== 'critical' && room !== 'full', parts.logger)
      letDeclare(admission, room === 'free', parts.logger)
      shortage.set('memory', level !== 'ample')
      this.#relief.setShort(level !== 'ample')
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

  #letIn(admission: Admission, isOpen: boolean, logger: Logger): void {
    if (admission.isOpen === isOpen) return
    admission.isOpen = isOpen
    if (isOpen) logger.info('New clients are let in again')
    else logger.error('New clients and declarations are refused: memory is nearly used up')
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]()
    this.#relief[Symbol.dispose]()
  }
}

function letDeclare(admission: Admission, isOpen: boolean, logger: Logger): void {
  if (admission.isOpenToDeclarations === isOpen) return
  admission.isOpenToDeclarations = isOpen
  if (isOpen) logger.info('New queues, exchanges and bindings can be declared again')
  else
    logger.error('New queues, exchanges and bindings are refused: delete some, or give more memory')
}

function sizeOf({ sizes }: MemoryAccount): number {
  return Object.values(sizes).reduce((sum, size) => sum + size, 0)
}

function logLevel(level: MemoryLevel, inUse: number, logger: Logger): void {
  const megabytes = Math.round(inUse / 1e6)
  if (level === 'ample') logger.info({ megabytes }, 'There is memory enough again')
  else if (level === 'low') logger.warn({ megabytes }, 'Publishers are blocked: low on memory')
  else logger.error({ megabytes }, 'Publishers stay blocked: memory is nearly used up')
}
