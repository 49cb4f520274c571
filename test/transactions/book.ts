// What the writers of a run know of their transactions, and what was found to be wrong at once.

/** 'unknown': its end was asked for, and the answer was lost or came from a producer that others have fenced. */
export type Fate = 'open' | 'committed' | 'aborted' | 'unknown'

export interface Written {
  readonly topic: string
  readonly partition: number
  readonly value: string
  /** The broker has said that it has it. */
  isStored: boolean
}

export class TransactionEntry {
  readonly writer: string
  readonly number: number
  readonly records: Written[] = []
  fate: Fate = 'open'

  constructor(writer: string, number: number) {
    this.writer = writer
    this.number = number
  }

  /** One more record, before it is sent. */
  note(topic: string, partition: number): Written {
    const value = `${this.writer} ${this.number} ${this.records.length}`
    const record = { topic, partition, value, isStored: false }
    this.records.push(record)
    return record
  }
}

export class Book {
  readonly entries: TransactionEntry[] = []
  readonly faults: string[] = []

  begin(writer: string): TransactionEntry {
    const number = this.entries.filter((entry) => entry.writer === writer).length
    const entry = new TransactionEntry(writer, number)
    this.entries.push(entry)
    return entry
  }
}
