// What the home of a topic knows of a partition that another cell leads: what its leader said last. Whoever needs it
// exactly asks the leader.

/** What a leader says of a partition. */
export interface PartitionFacts {
  /** Rises with each of its leaders; -1 as long as none has said it. */
  readonly epoch: number
  readonly startOffset: number
  /** Records below are durable and may be seen: its high watermark. */
  readonly endOffset: number
  /** Records below belong to no open transaction. */
  readonly stableOffset: number
  /** Bytes on its disk. */
  readonly size: number
}

const unknown: PartitionFacts = {
  epoch: -1,
  startOffset: 0,
  endOffset: 0,
  stableOffset: 0,
  size: 0,
}

export class RemotePartition {
  readonly cell: number
  #facts: PartitionFacts = unknown

  constructor(cell: number) {
    this.cell = cell
  }

  /** What its leader said last. */
  get facts(): PartitionFacts {
    return this.#facts
  }

  /** Of a leader's words those that come late say nothing. */
  set facts(facts: PartitionFacts) {
    if (isOlder(facts, this.#facts)) return
    this.#facts = facts
  }
}

function isOlder(facts: PartitionFacts, known: PartitionFacts): boolean {
  if (facts.epoch !== known.epoch) return facts.epoch < known.epoch
  return facts.endOffset < known.endOffset || facts.stableOffset < known.stableOffset
}
