// Where a message is in a queue that has several logs, as one number: which log, and the offset there. In
// the first log a place is the offset itself.

/** More than a log will ever have; 256 times this is 2^53. */
const offsetsPerLog = 2 ** 45

export function placeOf(logIndex: number, offset: number): number {
  return logIndex * offsetsPerLog + offset
}

export function logIndexIn(place: number): number {
  return place < offsetsPerLog ? 0 : Math.floor(place / offsetsPerLog)
}

export function offsetIn(place: number): number {
  return place - logIndexIn(place) * offsetsPerLog
}
