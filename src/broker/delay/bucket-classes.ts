// The calendar of delayed messages: buckets of five widths, 64 times as wide from one to the next and
// aligned to the time since 1970. A message waits in a wide bucket until that comes near, and then in
// narrower ones: however long its delay, it is moved four times at most, and however many messages wait,
// only those that are due within a second or so are looked at one by one.
//
// Class 1 is what messages usually leave from; class 0 takes what a bucket of class 1 has too much of.
import { brokerLimits } from '../../limits/broker.ts'

/** Milliseconds: 16 ms, 1 s, 65 s, 70 min, 75 h. Sixteen of the last are longer than any delay. */
const widthsMs = [2 ** 4, 2 ** 10, 2 ** 16, 2 ** 22, 2 ** 28] as const

export const bucketClassCount: number = widthsMs.length
export const widestClass: number = widthsMs.length - 1
/** The narrowest buckets into which messages go by themselves. */
export const usualClass = 1

/** Where the bucket begins that a message of this due time belongs to. */
export function bucketStart(bucketClass: number, dueAt: number): number {
  const widthMs = widthsMs[bucketClass]!
  return Math.floor(dueAt / widthMs) * widthMs
}

/** Where the next one begins. */
export function bucketEnd(bucketClass: number, dueAt: number): number {
  return bucketStart(bucketClass, dueAt) + widthsMs[bucketClass]!
}

/** When the messages of a bucket have to be looked at: half its width before it begins, so that there is time. */
export function openingTime(bucketClass: number, start: number): number {
  return start - Math.max(brokerLimits.delayOpenMsMin, widthsMs[bucketClass]! / 2)
}

/** The class of the bucket in which a message has to wait, `classMax` at most. */
export function bucketClassFor(dueAt: number, now: number, classMax: number): number {
  for (let bucketClass = classMax; bucketClass > usualClass; bucketClass--) {
    if (openingTime(bucketClass, bucketStart(bucketClass, dueAt)) > now) return bucketClass
  }
  return Math.min(usualClass, classMax)
}
