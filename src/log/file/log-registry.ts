// The durable logs of a data folder, by id. Invariant: ids of logs and sequences of topology entries
// are given out once, also when nothing of them is left.
import { AckedOffsets } from '../acked-offsets.ts'
import { LogCursor } from '../log-cursor.ts'
import { Log } from '../log.ts'
import type { NextIds } from './checkpoint.ts'
import type { FileEngine } from './file-engine.ts'
import type { RecoveredLog, RecoveredState } from './recovered-state.ts'

export class LogRegistry implements Iterable<Log> {
  readonly #logs = new Map<number, Log>()
  #nextLogId: number
  #nextTopologySequence: number
  #nextCursorId: number

  constructor(next: NextIds) {
    this.#nextLogId = next.nextLogId
    this.#nextTopologySequence = next.nextTopologySequence
    this.#nextCursorId = next.nextCursorId
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

  get nextCursorId(): number {
    return this.#nextCursorId
  }

  [Symbol.iterator](): Iterator<Log> {
    return this.#logs.values()
  }

  takeTopologySequence(): number {
    return this.#nextTopologySequence++
  }

  /** Makes a log with a new id; a volatile one is known to nobody but its owner. */
  create(isVolatile: boolean, engine: FileEngine): Log {
    const log = new Log({ id: this.#nextLogId++, isVolatile, engine })
    if (!isVolatile) this.#logs.set(log.id, log)
    return log
  }

  /** Makes a cursor with a new id. */
  createCursor(log: Log, firstOffset: number, engine: FileEngine): LogCursor {
    const acked = new AckedOffsets()
    acked.forgetBelow(firstOffset)
    return new LogCursor(this.#nextCursorId++, log, acked, engine)
  }

  delete(log: Log): void {
    this.#logs.delete(log.id)
  }

  /** Takes over what recovery found, which is empty afterwards: it lives on in the logs. */
  restore(state: RecoveredState, engine: FileEngine): void {
    for (const recovered of state.logs.values()) {
      this.#logs.set(recovered.id, restoreLog(recovered, engine))
    }
    state.logs.clear()
  }
}

function restoreLog(recovered: RecoveredLog, engine: FileEngine): Log {
  const log = new Log({ id: recovered.id, isVolatile: false, engine })
  log.startOffset = recovered.startOffset
  log.endOffset = recovered.endOffset
  log.durableEnd = recovered.endOffset
  for (const { id, acked, deliveredMark, notes } of recovered.cursors) {
    const cursor = new LogCursor(id, log, acked, engine)
    cursor.deliveredMark = deliveredMark
    cursor.durableDeliveredMark = deliveredMark
    if (notes !== undefined && notes.size > 0) cursor.notes = notes
  }
  return log
}
