// Compares what a restarted broker has in its queues with what it had promised, then makes what was
// found the new truth: after a restart nothing is in doubt any more.
//
// The log is written in order, so what survived of a stream says more: when its atom n is there, all
// its atoms before n must be there too, and all copies of atom n; when a removal took effect, so must
// all that the channel sent before it.

import type { Copy, Ledger, Message, QueueBook, Transaction } from './ledger.ts'

/** Messages of every queue in their order, as they were found after the restart. */
export type Found = ReadonlyMap<QueueBook, readonly Copy[]>

/** Adds what is wrong to the ledger's violations. */
export function judgeRecovery(ledger: Ledger, found: Found): void {
  const survivors = new Set([...found.values()].flat())
  learnFromSurvivors(ledger, survivors)
  for (const transaction of ledger.transactions) decide(transaction, survivors)
  learnFromRemovals(ledger, survivors)
  for (const [queue, copies] of found) {
    judgePresence(ledger, queue, survivors)
    for (const level of judgeLevels(ledger, queue, copies)) judgeOrder(ledger, queue, level)
    accept(queue, copies)
  }
  ledger.transactions = []
}

function learnFromSurvivors(ledger: Ledger, survivors: ReadonlySet<Copy>): void {
  for (const { message } of survivors) {
    const { stream, atom, transaction, sentAt } = message
    if (message.isDurable) continue
    stream.lastSurvivor = Math.max(stream.lastSurvivor, atom)
    ledger.durable(stream, transaction?.commitSentAt ?? sentAt)
  }
}

/** Whether a commit that was not answered took place. Without evidence it stays open. */
function decide(transaction: Transaction, survivors: ReadonlySet<Copy>): void {
  if (transaction.state === 'open') clearRemovals(transaction)
  if (transaction.state !== 'committing') return
  const copies = transaction.messages.flatMap((message) => message.copies)
  if (transaction.stream.lastSurvivor >= transaction.atom) transaction.state = 'committed'
  else if (copies.some((copy) => !survivors.has(copy) && neverLeft(copy))) {
    transaction.state = 'aborted'
    clearRemovals(transaction)
  }
}

function neverLeft({ removal, queue }: Copy): boolean {
  return removal === undefined && queue.lossesAllowed === 0
}

function clearRemovals(transaction: Transaction): void {
  for (const copy of transaction.removed) {
    if (copy.removal?.transaction === transaction) copy.removal = undefined
  }
}

function learnFromRemovals(ledger: Ledger, survivors: ReadonlySet<Copy>): void {
  for (const queue of ledger.queues.values()) {
    if (queue.lossesAllowed > 0) continue
    for (const copy of queue.copies.values()) {
      const { removal, message } = copy
      if (removal === undefined || removal.transaction !== undefined) continue
      if (!survivors.has(copy) && mustExist(message)) ledger.durable(removal.stream, removal.sentAt)
    }
  }
}

/** The message reached the disk, whatever was done to it there later. */
function mustExist({ isDurable, atom, stream, transaction }: Message): boolean {
  if (transaction?.state === 'open' || transaction?.state === 'aborted') return false
  return isDurable || atom <= stream.lastSurvivor
}

function judgePresence(ledger: Ledger, queue: QueueBook, survivors: ReadonlySet<Copy>): void {
  let losses = 0
  for (const copy of queue.copies.values()) {
    const { message, removal } = copy
    if (survivors.has(copy)) {
      if (removal !== undefined && ledger.isFlushed(removal)) {
        ledger.violate(queue.name, message.id, `is back although flushed: ${removal.why}`)
      }
      continue
    }
    if (removal !== undefined || !mustExist(message)) continue
    losses++
    if (losses <= queue.lossesAllowed) continue
    const why = message.isDurable ? 'it was confirmed' : 'what its channel sent later is there'
    ledger.violate(queue.name, message.id, `is lost although ${why}`)
  }
}

/** The copies of each level, the highest first, which is how they must have come. */
function judgeLevels(ledger: Ledger, queue: QueueBook, copies: readonly Copy[]): Copy[][] {
  const levels: Copy[][] = []
  let last = Infinity
  for (const copy of copies) {
    const level = queue.levelOf(copy.message)
    if (level > last) {
      ledger.violate(queue.name, copy.message.id, `of priority ${level} comes after ${last}`)
    }
    if (level !== last) levels.push([])
    levels.at(-1)?.push(copy)
    last = level
  }
  return levels
}

function judgeOrder(ledger: Ledger, queue: QueueBook, copies: readonly Copy[]): void {
  const lastOf = new Map<object, Copy>()
  let lastPlace = -1
  let isNew = false
  for (const copy of copies) {
    const { message, place } = copy
    if (place >= 0 && (isNew || place < lastPlace)) {
      ledger.violate(queue.name, message.id, 'is not at the place it had before')
    }
    if (place >= 0) lastPlace = place
    else isNew = true
    const previous = lastOf.get(message.stream)
    if (previous !== undefined && previous.message.position > message.position) {
      ledger.violate(queue.name, message.id, `comes after ${previous.message.id} of its channel`)
    }
    lastOf.set(message.stream, copy)
  }
  judgeCausalOrder(ledger, queue, copies)
}

/** What was seen in the queue before another message was even sent comes before it. */
function judgeCausalOrder(ledger: Ledger, queue: QueueBook, copies: readonly Copy[]): void {
  let earliest: Message | undefined
  for (const { message } of copies.toReversed()) {
    if (earliest !== undefined && earliest.seenAt < message.sentAt) {
      const text = `comes before ${earliest.id}, which was there before this one was sent`
      ledger.violate(queue.name, message.id, text)
    }
    if (earliest === undefined || message.seenAt < earliest.seenAt) earliest = message
  }
}

/** What was found is there for good; everything else is gone for good. */
function accept(queue: QueueBook, copies: readonly Copy[]): void {
  const kept = new Set(copies)
  for (const copy of queue.copies.values()) {
    if (!kept.has(copy)) {
      queue.forget(copy, copy.removal?.why ?? 'it was not there after a crash')
    }
  }
  for (const [place, copy] of copies.entries()) {
    copy.removal = undefined
    copy.place = place
    copy.message.isDurable = true
  }
  queue.lossesAllowed = 0
}
