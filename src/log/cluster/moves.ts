// Files on their way from rows to objects, one after the other: each is in memory in parts only.
import { diskErrorKind } from '../file/disk-error.ts'
import type { OpenClusterFile } from './open-cluster-file.ts'

export class Moves {
  readonly #waiting: OpenClusterFile[] = []
  #isClosed = false

  add(file: OpenClusterFile): void {
    this.#waiting.push(file)
    if (this.#waiting.length === 1) void this.#run()
  }

  /** The file is removed: it never becomes an object. One that is under way may take as long as it likes. */
  drop(id: number): void {
    this.#waiting.find((file) => file.id === id)?.drop()
  }

  /** Those that have not begun never do. */
  close(): void {
    this.#isClosed = true
  }

  async #run(): Promise<void> {
    for (;;) {
      const file = this.#waiting[0]
      if (file === undefined || this.#isClosed) return
      // What fails has another owner, or is closed or dropped: the rows are there for whoever comes next.
      await file.move().catch((error: Error) => {
        if (diskErrorKind(error) === 'fenced') this.close()
      })
      this.#waiting.shift()
    }
  }
}
