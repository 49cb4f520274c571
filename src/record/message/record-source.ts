// A message that is not stored yet.

const empty: Buffer = Buffer.alloc(0)

/**
 * A message on its way into logs: views of whoever received it, valid only during the call.
 * One object is reused for all messages of a connection.
 */
export class RecordSource {
  address: Buffer = empty
  addressStart = 0
  addressEnd = 0
  header: Buffer = empty
  headerStart = 0
  headerEnd = 0
  body: Buffer = empty
  bodyStart = 0
  bodyEnd = 0
  /** Nobody else has the body's memory: it may be kept longer than the call. */
  isBodyOwn = false
  /** Where the body is in the group's shared bodies, or -1. Set by `Log.append`. */
  sharedPosition = -1
  /** Decides the partition of a topic; undefined for any. Set only where `Route.needsKey`. */
  partitionKey: Buffer | undefined = undefined
  /** Id of the file that already holds the body (see `LogStore.writeAside`), or 0. */
  asideId = 0
  /** The broker has dead-lettered it: x-death in its headers is true. */
  hasDeaths = false
  /** The topic that it is published to, where its routing key is that of another topic as well. */
  topic: string | undefined = undefined
  /** The session that it is from, which may not want to have it back. */
  origin: object | undefined = undefined
  /** What is done within the atom that puts it into its queues, and makes one where it has none. */
  companion: ((source: RecordSource) => void) | undefined = undefined
}
