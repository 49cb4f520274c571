// What of a consumer group the disk does not have yet. It is written with the next answer that needs it; what could
// not be written is unsaved again.

export interface ChangesTaken {
  readonly hasGroup: boolean
  /** Changed or gone. */
  readonly members: ReadonlySet<string>
  readonly patterns: ReadonlySet<string>
  /** Rows of what the group was before, which go. */
  readonly formerKeys: readonly Buffer[]
}

/** Called when all that came before is on stable storage, or could not be stored. */
export type SavedCallback = (isDurable: boolean) => void

export class UnsavedChanges {
  hasGroup = false
  /** On their way to the disk. */
  inFlight: ChangesTaken | undefined
  /** Who waits for what is written after that. */
  waiting: SavedCallback[] = []
  #members = new Set<string>()
  #patterns = new Set<string>()
  #formerKeys: Buffer[] = []

  get isEmpty(): boolean {
    const { size } = this.#members
    return !this.hasGroup && size + this.#patterns.size + this.#formerKeys.length === 0
  }

  changeMember(memberId: string): void {
    this.#members.add(memberId)
  }

  changePattern(pattern: string): void {
    this.#patterns.add(pattern)
  }

  dropRows(keys: Iterable<Buffer>): void {
    this.#formerKeys.push(...keys)
  }

  clear(): void {
    this.take()
  }

  take(): ChangesTaken {
    const taken: ChangesTaken = {
      hasGroup: this.hasGroup,
      members: this.#members,
      patterns: this.#patterns,
      formerKeys: this.#formerKeys,
    }
    this.hasGroup = false
    this.#members = new Set()
    this.#patterns = new Set()
    this.#formerKeys = []
    return taken
  }

  putBack({ hasGroup, members, patterns, formerKeys }: ChangesTaken): void {
    this.hasGroup ||= hasGroup
    for (const member of members) this.#members.add(member)
    for (const pattern of patterns) this.#patterns.add(pattern)
    this.dropRows(formerKeys)
  }
}
