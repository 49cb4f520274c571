import type { Steps } from '../../steps.ts'

const onTime = { early: false, late: false }

/** What celery_client.py prints. */
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
