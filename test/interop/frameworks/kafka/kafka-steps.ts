// What the programs in this folder print.

import type { Steps } from '../../steps.ts'

const exactly = { missing: 0, doubled: 0 }
const compacted = 'compact'

export const connectSteps: Steps = {
  'internal topics': { configs: compacted, offsets: compacted, status: compacted },
  source: exactly,
  sink: exactly,
  'pause, resume': {},
  'killed and started again': { missing: 0, connectors: ['sink', 'source'] },
  'a second worker shares the tasks': { workers: 2, connectors: ['sink', 'source'] },
  'offsets are shown, set back and deleted': { bytes: true, after: [] },
  delete: { left: [] },
}

export const streamsSteps: Steps = {
  'at least once: killed and started again': { words: 20, lost: false },
  'internal topics': { changelog: compacted, repartition: 'delete' },
  'exactly once: killed and started again': { words: 20, exact: true, counted: 3200 },
  'exactly once: state comes back from the changelog': { exact: true },
}
