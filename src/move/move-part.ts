// What a move is made of: a queue, or a partition of a topic, each with its way from source to target.

/** How much may be taken at once. */
export interface ChunkMax {
  readonly records: number
  readonly bytes: number
}

/** What was taken from the source and is not at the target yet. */
export interface Chunk {
  readonly records: number
  readonly bytes: number
  /**
   * Stores it at the target and, when it is durable there, lets the source know. Resolves with why that is
   * not possible now ("the queue is full"); then it may be called again. Rejects with a `MoveError`.
   */
  store(): Promise<string | undefined>
}

/** One queue or partition on its way. Nothing of it is called while another call is under way. */
export interface MovePart {
  /** As people call it. */
  readonly name: string
  /** Makes both sides ready. */
  open(): Promise<void>
  /** What comes next; undefined when nothing is there now. */
  take(max: ChunkMax): Promise<Chunk | undefined>
  /** Whether, as nothing was there, all is moved: an empty queue, the end of a partition. */
  isDone(): Promise<boolean>
  /** Records that still wait at the source, as far as that is known. */
  readonly left: number | undefined
  /** Lets go of both sides. What was taken and not stored stays at the source. */
  close(): Promise<void>
}
