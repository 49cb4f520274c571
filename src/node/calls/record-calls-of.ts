// Asks for records by calls between nodes.
import type { RecordCalls } from '../../broker/spread/record-calls.ts'
import { spreadLimits } from '../../limits/spread.ts'
import type { CellCalls } from './cell-calls.ts'

export function recordCallsOf(calls: Pick<CellCalls, 'call'>): RecordCalls {
  const msMax = spreadLimits.callMs
  return {
    watch: async (cell, args, signal) => {
      return (await calls.call(cell, 'records.watch', args, { msMax, signal })).content
    },
    read: async (cell, args) => {
      const { content, body } = await calls.call(cell, 'records.read', args, { msMax })
      return { result: content, body }
    },
    append: async (cell, args, body) => {
      return (await calls.call(cell, 'records.append', args, { msMax, body })).content
    },
    hold: async (cell, args) => (await calls.call(cell, 'records.hold', args, { msMax })).content,
  }
}
