// What the programs in this folder print.

import type { Steps } from '../../step-table.ts'

export const nestSteps: Steps = {
  'classic queue': { sum: 6, events: [{ id: 1 }] },
  'quorum queue': { sum: 6, events: [{ id: 1 }] },
  'topic exchange': { sum: 6, events: [{ id: 1 }] },
}

export const golevelupSteps: Steps = {
  subscribe: { seen: ['good'] },
  'nack and requeue': {},
  'dead letter': { reason: 'rejected', queue: true },
  rpc: { doubled: 42 },
}

export const rascalSteps: Steps = {
  publish: { seen: ['good'] },
  'dead letter': { reason: 'rejected', queue: true, count: 1 },
  delay: { early: false },
  republish: { dead: false },
  shutdown: {},
}

export const moleculerSteps: Steps = {
  request: { sum: 3 },
  balance: { nodes: ['first', 'second'] },
  error: { message: 'on purpose' },
  event: { events: [{ id: 1 }] },
  broadcast: { events: [{ id: 2 }, { id: 2 }] },
  stop: {},
}
