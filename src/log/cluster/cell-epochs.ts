// Claims of cells whose epochs are above all that their objects know of, and what follows when PostgreSQL knew of
// less: it was restored to an earlier moment. Then epochs of Kafka's leaders go on above all that clients have seen,
// and the sweep forgets what it knew of the time that never was.
import type { Clock } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import { objectLimits } from '../../limits/objects.ts'
import { decodeManifest, encodeManifest, laterThan } from '../file/manifest.ts'
import type { CellTable } from './cell-table.ts'
import { noteRestored, readEpochMarks, writeEpochMark } from './objects/epoch-marks.ts'
import type { ObjectStore } from './objects/object-store.ts'
import { forgetOrphanMarks } from './objects/orphan-marks.ts'
import type { Incarnation } from './ownership/observation.ts'
import type { Vacancy } from './ownership/takeover.ts'

/** What claims cells; `ClusterTables`. */
interface Claimer {
  claimCell(vacancy: Vacancy, self: Incarnation, epochMin?: number): Promise<CellTable | undefined>
}

export interface CellEpochsOptions {
  /** With patience. */
  readonly objects: ObjectStore
  readonly clock: Clock
  readonly random: Random
  /** For people: PostgreSQL does not know of an epoch that the cell's objects know of. */
  readonly onRestored: (cell: number, known: number, highest: number) => void
}

export class CellEpochs {
  readonly #options: CellEpochsOptions

  constructor(options: CellEpochsOptions) {
    this.#options = options
  }

  /** As `ClusterTables.claimCell`. Rejects as well when the objects cannot be asked: then nothing is claimed. */
  async claim(
    tables: Claimer,
    vacancy: Vacancy,
    self: Incarnation,
  ): Promise<CellTable | undefined> {
    const { objects, onRestored } = this.#options
    const { cell, epoch } = vacancy
    // Whoever claims beats, too, and must not wait.
    const limits = { patienceMs: objectLimits.claimMsMax }
    const { highest } = await readEpochMarks(objects, cell, limits)
    if (highest > epoch) {
      await noteRestored(objects, cell, limits)
      onRestored(cell, epoch, highest)
    }
    return tables.claimCell(vacancy, self, highest + 1)
  }

  /** Before anything else is done with a cell that was claimed. Waits for as long as its objects are away. */
  async settle(cell: number, table: CellTable): Promise<void> {
    const { objects, random } = this.#options
    const { isRestored } = await readEpochMarks(objects, cell)
    if (isRestored) {
      await this.#raiseLeaderEpoch(table)
      await forgetOrphanMarks(objects, cell)
    }
    await writeEpochMark(objects, { cell, epoch: table.epoch }, random)
  }

  /** What cannot be read is for a start to tell. */
  async #raiseLeaderEpoch(table: CellTable): Promise<void> {
    const { clock, random } = this.#options
    const bytes = await table.readManifest()
    const content = bytes && decodeManifest(bytes)
    if (content === undefined) return
    await table.replaceManifest(encodeManifest(laterThan(content, clock.now(), random)))
  }
}
