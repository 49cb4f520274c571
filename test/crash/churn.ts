// What one client declares and deletes over all rounds. It does one thing at a time, so at a crash at
// most one of them is unsure.

/** `unsure`: a change was sent and not answered. */
export type Presence = 'absent' | 'present' | 'unsure'

export interface ChurnBinding {
  readonly queue: string
  readonly key: string
  presence: Presence
}

export interface ChurnQueue {
  readonly name: string
  presence: Presence
  /** Arguments of the last declaration. */
  arguments: Readonly<Record<string, number>>
}

const queuesMax = 4
const keysPerQueue = 2

export class Churn {
  readonly name: string
  readonly exchange: { readonly name: string; presence: Presence }
  readonly queues: readonly ChurnQueue[]
  /** Each key is bound to one queue only. */
  readonly bindings: readonly ChurnBinding[]
  /** Queues that may not outlive a crash. */
  readonly transientQueue: string
  readonly exclusiveQueue: string

  constructor(name: string) {
    this.name = name
    this.exchange = { name: `${name}.exchange`, presence: 'absent' }
    this.queues = Array.from({ length: queuesMax }, (_, index) => ({
      name: `${name}.${index}`,
      presence: 'absent',
      arguments: {},
    }))
    this.bindings = this.queues.flatMap(({ name: queue }) =>
      Array.from({ length: keysPerQueue }, (_, index) => ({
        queue,
        key: `${queue}.key${index}`,
        presence: 'absent' as const,
      })),
    )
    this.transientQueue = `${name}.transient`
    this.exclusiveQueue = `${name}.exclusive`
  }

  bindingsOf(queue: string): ChurnBinding[] {
    return this.bindings.filter((binding) => binding.queue === queue)
  }
}
