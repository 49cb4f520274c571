// What the programs in this folder print.

import type { Steps } from '../../step-table.ts'

const onTime = { early: false, late: false }

export const celerySteps: Steps = {
  'classic: result': { result: 3 },
  'classic: countdown': { result: 2, ...onTime },
  'classic: retry': { retries: 2, early: false },
  'classic: group': { results: [0, 2, 4, 6, 8] },
  'classic: chain': { result: 6 },
  'classic: inspect': { 'own queue': [true] },
  'quorum: result': { result: 3 },
  'quorum: countdown': { result: 2, ...onTime },
  'quorum: retry': { retries: 2, early: false },
  'priority: order': { order: [9, 9, 5, 2, 1, 1, 0] },
}

export const dramatiqSteps: Steps = {
  task: {},
  delay: { early: false },
  'retries, then dead letter': { tries: 3, dead: 1 },
  priority: { order: ['9', '5', '3', '1', '0', '0'] },
}

export const taskiqSteps: Steps = {
  task: { times: 1 },
  delay: { times: 1, early: false },
  retry: { times: 3 },
}

export const fastStreamSteps: Steps = {
  consume: { seen: true },
  'dead letter': { reason: 'rejected', queue: true },
  'topic exchange': { order: true, user: false },
  request: { answer: 42 },
}
