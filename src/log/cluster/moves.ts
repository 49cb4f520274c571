// Files on their way from rows to objects, one after the other: each is in memory in parts only.
import type { OpenClusterFile } from './open-cluster-file.ts'

export class Moves {
  readonly #waiting: OpenClusterFile[] = []
  #running: Promise<void> = Promise.resolve()
  #isClosed = false

  add(file: OpenClusterFile): void {
    this.#waiting.push(file)
    if (this.#waiting.length === 1) this.#running = this.#run()
  }

  /** Those that have not begun never do. */
  close(): void {
    this.#isClosed = true
  }

  whenIdle(): Promise<void> {
    return this.#running
  }

  async #run(): Promise<void> {
    for (;;) {
      const file = this.#waiting[0]
      if (file === undefined || this.#isClosed) return
      try {
        await file.move()
      } catch {
        // The cell has another owner, or it is closed: the rows are there for whoever comes next.
        return
      }
      this.#waiting.shift()
    }
  }
}
