// The memory of a node: how much of it is used, what clients make the broker hold of it, and what follows
// when it is short.
import type { BrokerStatus } from '../admin/broker-status.ts'
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

/** A broker whose clients wait when memory is short. */
export interface GuardedBroker extends Pick<Broker, 'admission' | 'shortage'> {
  readonly store: Pick<Broker['store'], 'uncommittedSize'>
}

interface MemoryState {
  readonly level: MemoryLevel
  /** Whether new clients are let in. */
  readonly mayEnter: boolean
  readonly mayDeclare: boolean
}

export class MemoryGuard implements Disposable {
  readonly account: MemoryAccount
  readonly inputBudget: InputBudget
  readonly #parts: MemoryGuardParts
  readonly #watch: MemoryWatch
  readonly #relief: ParkedRelief
  /** Those of all cells that the node serves. */
  readonly #brokers = new Set<GuardedBroker>()
  #state: MemoryState = { level: 'ample', mayEnter: true, mayDeclare: true }

  constructor(parts: MemoryGuardParts) {
    this.#parts = parts
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
      uncommittedSize: () => this.#uncommittedSize(),
    })
    watch.start(({ level, room, inUse }) => {
      const mayEnter = level !== 'critical' && room !== 'full'
      this.#tell({ level, mayEnter, mayDeclare: room === 'free' }, inUse)
      for (const broker of this.#brokers) this.#apply(broker)
      this.#relief.setShort(level !== 'ample')
    })
  }

  /** Has a broker's clients wait when memory is short, until what it returns is called. */
  guard(broker: GuardedBroker): () => void {
    const { admission } = broker
    admission.onAdmitted = () => this.#watch.onReceived(memoryLimits.admittedSize)
    admission.onDeclared = () => this.#watch.onDeclared()
    this.#brokers.add(broker)
    this.#apply(broker)
    return () => void this.#brokers.delete(broker)
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

  #tell(state: MemoryState, inUse: number): void {
    const { logger } = this.#parts
    const { level, mayEnter, mayDeclare } = this.#state
    this.#state = state
    if (state.level !== level) logLevel(state.level, inUse, logger)
    if (state.mayEnter !== mayEnter) logEntry(state.mayEnter, logger)
    if (state.mayDeclare !== mayDeclare) logDeclarations(state.mayDeclare, logger)
  }

  #apply({ admission, shortage }: GuardedBroker): void {
    const { level, mayEnter, mayDeclare } = this.#state
    admission.isOpen = mayEnter
    admission.isOpenToDeclarations = mayDeclare
    shortage.set('memory', level !== 'ample')
  }

  #uncommittedSize(): number {
    let size = 0
    for (const { store } of this.#brokers) size += store.uncommittedSize
    return size
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]()
    this.#relief[Symbol.dispose]()
  }
}

function logEntry(isOpen: boolean, logger: Logger): void {
  if (isOpen) logger.info('New clients are let in again')
  else logger.error('New clients and declarations are refused: memory is nearly used up')
}

function logDeclarations(isOpen: boolean, logger: Logger): void {
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
