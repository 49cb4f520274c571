// The delayed messages of all exchanges: makes their place, puts back what outlived the last process, and
// deletes what a deleted exchange leaves.
import type { Clock } from '../../lib/clock.ts'
import { type Turn, turnPhase, type TurnTask } from '../../lib/turn.ts'
import { findCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Log } from '../../log/log.ts'
import type { DelayRow } from '../../meta/topology-change.ts'
import type { Destination } from '../destination.ts'
import type { Shortage } from '../shortage.ts'
import type { TopologyLog } from '../topology-log.ts'
import type { MessageWatch } from '../trace/message-watch.ts'
import type { CreateDelay, VHost } from '../vhost.ts'
import { type DelayContext, DelayedMessages } from './delayed-messages.ts'
import { DelayedSender } from './delayed-sender.ts'

export interface DelaysOptions {
  readonly watch: MessageWatch
  readonly store: LogStore
  readonly turn: Turn
  readonly clock: Clock
  readonly shortage: Shortage
  readonly topology: TopologyLog
  getVHost(name: string): VHost<Destination>
  onDamaged(delayed: DelayedMessages, offset: number, error: Error): void
}

/** Logs of delayed messages that could not be put back as they were. */
export interface DelayLosses {
  /** What these held is gone. */
  readonly missing: readonly DelayRow[]
  /** What these hold comes again, maybe for a second time. */
  readonly rewound: readonly DelayRow[]
}

export class Delays implements TurnTask {
  readonly #options: DelaysOptions
  readonly #context: DelayContext
  readonly #all = new Set<DelayedMessages>()
  /** Those of deleted exchanges. */
  #closed: DelayedMessages[] = []

  constructor(options: DelaysOptions) {
    const { store, turn, clock, shortage, topology } = options
    const sender = new DelayedSender(options)
    this.#options = options
    this.#context = {
      store,
      turn,
      clock,
      shortage,
      putTopology: (changes) => topology.put(changes),
      sendOn: ({ vhost, name }, record) => sender.send(options.getVHost(vhost), name, record),
      onDamaged: (delayed, offset, error) => options.onDamaged(delayed, offset, error),
      onClosed: (delayed) => this.#onClosed(delayed),
    }
    topology.onPut.push(() => this.#deleteClosed())
  }

  /** What a virtual host makes its exchanges' delays with. */
  creatorFor(vhost: string): CreateDelay {
    return ({ name, durable: isDurable }) => {
      const delayed = new DelayedMessages({ vhost, name, isDurable }, this.#context)
      this.#all.add(delayed)
      return delayed
    }
  }

  /** Puts logs back, which leave `unowned`; their exchanges are there. */
  restore(rows: readonly DelayRow[], unowned: Map<number, Log>): DelayLosses {
    const missing: DelayRow[] = []
    const rewound: DelayRow[] = []
    const byName = new Map([...this.#all].map((delayed) => [keyOf(delayed), delayed]))
    this.#options.store.beginAtom()
    for (const row of rows) {
      const delayed = byName.get(keyOf({ vhost: row.vhost, name: row.exchange }))
      const log = unowned.get(row.logId)
      if (delayed === undefined) continue
      unowned.delete(row.logId)
      if (log === undefined) {
        missing.push(row)
        this.#options.topology.put([{ kind: 'delay', op: 'delete', row }])
        continue
      }
      const found = findCursor(log, row.cursorId)
      if (found === undefined) rewound.push(row)
      const cursor = found ?? this.#options.store.createCursor(log)
      if (found === undefined) {
        const whole = { ...row, cursorId: cursor.id }
        this.#options.topology.put([{ kind: 'delay', op: 'put', row: whole }])
      }
      delayed.restore(row.bucketClass, cursor)
    }
    this.#options.store.endAtom()
    return { missing, rewound }
  }

  /** Everything that the topology keeps of them. */
  *rows(): Generator<DelayRow> {
    for (const delayed of this.#all) yield* delayed.rows()
  }

  /** Nothing leaves any more: the store is about to be closed. */
  stop(): void {
    for (const delayed of this.#all) delayed.stop()
  }

  /** What no change of topology took along. */
  runTurn(): void {
    if (this.#closed.length === 0) return
    this.#options.store.beginAtom()
    this.#deleteClosed()
    this.#options.store.endAtom()
  }

  /** The deletion of the exchange, if that is kept, comes right after, and takes the logs into its atom. */
  #onClosed(delayed: DelayedMessages): void {
    this.#all.delete(delayed)
    this.#closed.push(delayed)
    this.#options.turn.schedule(turnPhase.dispatch, this)
  }

  #deleteClosed(): void {
    for (const delayed of this.#closed) delayed.deleteLogs()
    this.#closed = []
  }
}

function keyOf({ vhost, name }: { readonly vhost: string; readonly name: string }): string {
  return JSON.stringify([vhost, name])
}
