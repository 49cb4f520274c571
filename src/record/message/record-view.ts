// A stored message, read in place.

const empty: Buffer = Buffer.alloc(0)

/**
 * A record as its reader sees it: views into a run, valid during the call; for a view that is kept
 * longer, retain it (`PagePool.retain`). One object is reused for all records of a reader.
 */
export class RecordView {
  offset = -1
  timestamp = 0
  /** Holds address and header. */
  buffer: Buffer = empty
  addressStart = 0
  headerStart = 0
  headerEnd = 0
  /** Holds the body: the same buffer unless the body is shared or aside. */
  body: Buffer = empty
  bodyStart = 0
  bodyEnd = 0
  /** Id of the file that holds the body, or 0. */
  asideId = 0
  /** The broker has dead-lettered it: x-death in its headers is true. */
  hasDeaths = false
}
