// Since when objects of a cell have been without a name, kept as an object itself: the next owner goes on counting.
// Marks that are lost only make objects stay longer.
import type { Random } from '../../../lib/random.ts'
import { objectLimits } from '../../../limits/objects.ts'
import { cellPrefix, type ObjectWriter } from './object-key.ts'
import { bufferSource } from './object-source.ts'
import type { ObjectFacts, ObjectStore } from './object-store.ts'
import type { OrphanMarks } from './sweep-objects.ts'

interface KeptMarks {
  readonly facts: ObjectFacts
  /** Of the owner who wrote them. */
  readonly epoch: number
}

/** What the last owner knew; nothing where it left nothing that can be read. */
export async function readOrphanMarks(objects: ObjectStore, cell: number): Promise<OrphanMarks> {
  const kept = await listMarks(objects, cell)
  // By epoch first: a late request of an older owner counts for nothing.
  const newest = kept.toSorted(
    (a, b) => b.epoch - a.epoch || b.facts.modifiedAt - a.facts.modifiedAt,
  )[0]
  if (newest === undefined) return new Map()
  const { key, size } = newest.facts
  return parseMarks((await objects.getRange(key, 0, size)).toString())
}

/** Keeps the marks in place of what was kept before, by this owner or an earlier one. */
export async function writeOrphanMarks(
  objects: ObjectStore,
  owner: ObjectWriter,
  marks: OrphanMarks,
  random: Random,
): Promise<void> {
  const before = await listMarks(objects, owner.cell)
  const key = `${marksPrefix(owner.cell)}e${owner.epoch}-${random.bytes(12).toString('hex')}`
  const text = JSON.stringify(Object.fromEntries(marks))
  await objects.put(key, bufferSource(Buffer.from(text)))
  const old = before.filter(({ epoch }) => epoch <= owner.epoch)
  await objects.delete(old.map(({ facts }) => facts.key))
}

/** They tell of a time that never was: PostgreSQL was restored, and what had lost its name has it again. */
export async function forgetOrphanMarks(objects: ObjectStore, cell: number): Promise<void> {
  const kept = await listMarks(objects, cell)
  await objects.delete(kept.map(({ facts }) => facts.key))
}

/** Nothing that the sweep looks at: not of the form of a cell's objects. */
function marksPrefix(cell: number): string {
  return `${cellPrefix(cell)}orphans/`
}

async function listMarks(objects: ObjectStore, cell: number): Promise<KeptMarks[]> {
  const prefix = marksPrefix(cell)
  const page = await objects.list(prefix, { countMax: objectLimits.listedMax })
  return page.objects.flatMap((facts) => {
    const match = /^e(\d+)-[0-9a-f]+$/.exec(facts.key.slice(prefix.length))
    return match === null ? [] : [{ facts, epoch: Number(match[1]) }]
  })
}

function parseMarks(text: string): OrphanMarks {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return new Map()
  }
  const entries = Object.entries((parsed ?? {}) as Record<string, unknown>)
  return new Map(entries.filter((entry): entry is [string, number] => Number.isFinite(entry[1])))
}
