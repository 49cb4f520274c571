// What the programs in this folder print.

import type { Steps } from '../../step-table.ts'

export const bootSteps: Steps = {
  confirm: { acked: true },
  return: { acked: true, code: 312 },
  'retry, then dead letter': { tries: 2, reason: 'rejected', queue: true },
  delay: { early: false },
  request: { answer: 'HI' },
  'queue information': { messages: 0, consumers: 1 },
}

export const cloudStreamSteps: Steps = {
  consume: { seen: ['good'] },
  'retry, then dead letter': { tries: 2, reason: 'rejected', body: 'bad' },
  partitions: { 0: 'b', 1: 'a' },
}
