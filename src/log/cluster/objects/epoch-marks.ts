// The highest epoch of a cell that was ever used, kept among its objects. PostgreSQL may be restored to a moment
// before an epoch began; then the objects know of it and the database does not, and the next owner's epoch is above
// both. So no epoch means two owners, in a key, in a mark of the sweep, or to a client of Kafka.
import type { Random } from '../../../lib/random.ts'
import { objectLimits } from '../../../limits/objects.ts'
import { cellPrefix, type ObjectWriter } from './object-key.ts'
import { bufferSource } from './object-source.ts'
import type { ObjectStore, RequestLimits } from './object-store.ts'

/** What the objects of a cell say. */
export interface KnownEpochs {
  /** 0 when nobody has had the cell. */
  readonly highest: number
  /** Somebody found that the database was restored, and has not come to the end of what follows from it. */
  readonly isRestored: boolean
}

const restoredName = 'restored'

export async function readEpochMarks(
  objects: ObjectStore,
  cell: number,
  limits: RequestLimits = {},
): Promise<KnownEpochs> {
  const marks = await listMarks(objects, cell, limits)
  const highest = Math.max(0, ...marks.map(({ epoch }) => epoch ?? 0))
  return { highest, isRestored: marks.some(({ epoch }) => epoch === undefined) }
}

/** Stays until `writeEpochMark`, whoever comes first. */
export async function noteRestored(
  objects: ObjectStore,
  cell: number,
  limits: RequestLimits = {},
): Promise<void> {
  await objects.put(`${marksPrefix(cell)}${restoredName}`, bufferSource(Buffer.from('1')), limits)
}

/** Before anything is put under the epoch, and when all is done that a restore asks for. */
export async function writeEpochMark(
  objects: ObjectStore,
  { cell, epoch }: ObjectWriter,
  random: Random,
): Promise<void> {
  const before = await listMarks(objects, cell)
  const key = `${marksPrefix(cell)}e${epoch}-${random.bytes(12).toString('hex')}`
  await objects.put(key, bufferSource(Buffer.from('1')))
  const over = before.filter((mark) => mark.epoch === undefined || mark.epoch < epoch)
  await objects.delete(over.map((mark) => mark.key))
}

/** Nothing that the sweep looks at: not of the form of a cell's objects. */
function marksPrefix(cell: number): string {
  return `${cellPrefix(cell)}epochs/`
}

interface Mark {
  readonly key: string
  /** Undefined for the note of a restore. */
  readonly epoch: number | undefined
}

async function listMarks(
  objects: ObjectStore,
  cell: number,
  limits: RequestLimits = {},
): Promise<Mark[]> {
  const prefix = marksPrefix(cell)
  const page = await objects.list(prefix, { ...limits, countMax: objectLimits.listedMax })
  return page.objects.flatMap(({ key }): Mark[] => {
    const name = key.slice(prefix.length)
    if (name === restoredName) return [{ key, epoch: undefined }]
    const match = /^e(\d+)-[0-9a-f]+$/.exec(name)
    return match === null ? [] : [{ key, epoch: Number(match[1]) }]
  })
}
