// A message that has to wait: for a large body to be written, for publishers to be unblocked, for the
// commit of its transaction. Address and header are copied; a body with memory of its own is retained
// there. Invariant: its memory and its file of its own are released once, by `release`.
import { pagePool } from '../../lib/page-pool.ts'
import { brokerLimits } from '../../limits/broker.ts'
import type { LogStore } from '../../log/log-store.ts'
import { setAddress, setHeader } from '../../record/message/fill-source.ts'
import { RecordSource } from '../../record/message/record-source.ts'

export class KeptMessage {
  readonly source: RecordSource = new RecordSource()
  /** What its publisher wants to know again (see `Intake.offer`). */
  readonly note: number
  readonly #store: LogStore
  #isReleased = false

  constructor(from: RecordSource, note: number, store: LogStore) {
    const { source } = this
    this.note = note
    this.#store = store
    setAddress(source, Buffer.from(from.address.subarray(from.addressStart, from.addressEnd)))
    setHeader(source, Buffer.from(from.header.subarray(from.headerStart, from.headerEnd)))
    const body = from.body.subarray(from.bodyStart, from.bodyEnd)
    source.body = from.isBodyOwn ? body : Buffer.from(body)
    if (from.isBodyOwn) pagePool.retain(body)
    source.bodyEnd = body.length
    source.isBodyOwn = true
    source.topic = from.topic
    source.origin = from.origin
    source.companion = from.companion
  }

  /** Bytes of memory that it takes while it waits. */
  get size(): number {
    const { addressEnd, headerEnd, bodyEnd } = this.source
    return brokerLimits.keptMessageSize + addressEnd + headerEnd + bodyEnd
  }

  /** Writes its body to a file of its own, then calls back. */
  writeAside(done: () => void): void {
    const { source } = this
    this.#store.writeAside(source.body, (asideId) => {
      if (this.#isReleased) this.#store.dropAside(asideId)
      else source.asideId = asideId
      done()
    })
  }

  /** It is in its queues, or never will be. A file of its own stays if a record has it. */
  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.dropAside()
    pagePool.release(this.source.body)
  }

  /** Goes without its file: what is left of its route does not outlive the process. */
  dropAside(): void {
    const { asideId } = this.source
    this.source.asideId = 0
    if (asideId !== 0) this.#store.dropAside(asideId)
  }
}
