// The routes of messages that are published together: one with the id of an earlier one among them is
// a repeat, though that is in no queue yet.
import type { RecordSource } from '../../record/message/record-source.ts'
import type { IdNote } from '../exchange/message-ids.ts'
import { isRouted, type Route } from '../route-cache.ts'

/** Throws what `route` throws. */
export function routeTogether(
  sources: readonly RecordSource[],
  route: (source: RecordSource) => Route,
): Route[] {
  const reserved: IdNote[] = []
  try {
    return sources.map((source) => {
      const found = route(source)
      if (found.idNotes !== undefined && isRouted(found)) {
        for (const note of found.idNotes) {
          if (note.isRepeat) continue
          note.ids.reserve(note.id)
          reserved.push(note)
        }
      }
      return found
    })
  } finally {
    for (const { ids, id } of reserved) ids.release(id)
  }
}
