// The durable logs of a data folder, by id. Invariant: ids of logs and sequences of topology entries
// are given out once, also when nothing of them is left.
import { Log } from '../log.ts'
import type { LogEngine } from '../log.ts'
import type { RecoveredLog, RecoveredState } from './recovered-state.ts'

export class LogRegistry implements Iterable<Log> {
  readonly #logs = new Map<number, Log>()
  #nextLogId: number
  #nextTopologySequence: number

  constructor(next: { readonly logId: number; readonly topologySequence: number }) {
    this.#nextLogId = next.logId
    this.#nextTopologySequence = next.topologySequence
  }

  /** Durable logs only. */
  get byId(): ReadonlyMap<number, Log> {
    return this.#logs
  }

  get nextLogId(): number {
    return this.#nextLogId
  }

  get nextTopologySequence(): number {
    return this.#nextTopologySequence
  }

  [Symbol.iterator](): Iterator<Log> {
    return this.#logs.values()
  }

  takeTopologySequence(): number {
    return this.#nextTopologySequence++
  }

  /** Makes a log with a new id; a volatile one is known to nobody but its owner. */
  create(isVolatile: boolean, engine: LogEngine): Log {
    const log = new Log({ id: this.#nextLogId++, isVolatile, engine })
    if (!isVolatile) this.#logs.set(log.id, log)
    return log
  }

  delete(log: Log): void {
    this.#logs.delete(log.id)
  }

  /** Takes over what recovery found, which is empty afterwards: it lives on in the logs. */
  restore(state: RecoveredState, engine: LogEngine): void {
    for (const recovered of state.logs.values()) {
      this.#logs.set(recovered.id, restoreLog(recovered, engine))
    }
    state.logs.clear()
  }
}

function restoreLog(recovered: RecoveredLog, engine: LogEngine): Log {
  const { id, cursor } = recovered
  const log = new Log({ id, isVolatile: false, engine, cursor })
  log.startOffset = recovered.startOffset
  log.endOffset = recovered.endOffset
  log.durableEnd = recovered.endOffset
  log.deliveredMark = recovered.deliveredMark
  log.durableDeliveredMark = recovered.deliveredMark
  return log
}
