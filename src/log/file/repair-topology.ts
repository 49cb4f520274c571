// `pabal repair`, as far as the topology is concerned: writes what is left of it to a new topology file,
// with somebody new for every log that nobody has any more.
import { join } from 'node:path'
import { systemRandom } from '../../lib/random.ts'
import type { Disk } from './disk.ts'
import { walFolderName } from './file-format.ts'
import { isDamaged } from './inspect-folder.ts'
import type { InspectedFile, InspectedFolder } from './inspect-folder.ts'
import type { ManifestContent, TopologyFile } from './manifest.ts'
import { writeTopologyFile } from './topology-file.ts'
import { findUnownedLogs } from './unowned-logs.ts'
import type { LogAdopter } from './unowned-logs.ts'

/** What a part of a repair needs of it. */
export interface RepairParts {
  readonly disk: Disk
  /** The data folder. */
  readonly path: string
  readonly isDryRun: boolean
  readonly adopter?: LogAdopter
  /** Tells what is done, and what cannot be had back. */
  readonly say: (action: string) => void
  readonly sayLost: (loss: string) => void
  /** Keeps a copy of a file that is given up. */
  readonly keepCopy: (path: string) => Promise<void>
}

/** Returns the manifest that names the new topology file; undefined when none is needed. */
export async function repairTopology(
  content: ManifestContent,
  inspected: InspectedFolder,
  parts: RepairParts,
): Promise<ManifestContent | undefined> {
  const { contents, files } = inspected
  const entries = contents.topology()
  const isLost = await giveUpDamaged(files, parts)
  const isMissing = isLost ? false : sayMissing(content, contents.topologyNeeded, parts)
  const adopted = adoptLogs(inspected, parts)
  if (!isLost && !isMissing && adopted.length === 0) return undefined
  const { nextFileId: id, epoch: leaderEpoch } = content
  parts.say(`write a topology file of what is known`)
  const next = { ...content, nextFileId: id + 1 }
  const through = Math.max(contents.nextTopologySequence - 1, contents.topologyNeeded, 1)
  if (parts.isDryRun) return next
  const place = {
    disk: parts.disk,
    folder: join(parts.path, walFolderName),
    id,
    salt: systemRandom.below(0x1_0000_0000),
    leaderEpoch,
  }
  const all = [...entries.map(({ bytes }) => bytes), ...adopted]
  const topology: TopologyFile = await writeTopologyFile(place, {
    through,
    entries: all,
    // All of it is durable.
    lastCommit: () => 0,
  })
  return { ...next, topology }
}

/** Whether the listed topology file is damaged or gone. */
async function giveUpDamaged(
  files: readonly InspectedFile[],
  { sayLost, keepCopy }: RepairParts,
): Promise<boolean> {
  const file = files.find(({ listed }) => listed.kind === 'topology')
  if (file === undefined || !isDamaged(file)) return false
  const { path, found, damage } = file
  if (found === undefined) {
    sayLost(`${path}, which is missing: declarations of exchanges, queues and bindings`)
    return true
  }
  const size = damage.reduce((sum, fault) => sum + fault.size, 0)
  sayLost(`${path}, ${size} bytes: declarations of exchanges, queues and bindings`)
  // The next start removes it: nobody lists it any more.
  await keepCopy(path)
  return true
}

/** Whether a checkpoint relies on a topology file that nobody knows of. */
function sayMissing(
  { topology }: ManifestContent,
  needed: number,
  { sayLost }: RepairParts,
): boolean {
  if (needed <= (topology?.through ?? 0)) return false
  sayLost(`the topology file: declarations of exchanges, queues and bindings up to entry ${needed}`)
  return true
}

/** Entries that give each log without an owner to somebody. */
function adoptLogs({ contents }: InspectedFolder, { adopter, say }: RepairParts): Buffer[] {
  if (adopter === undefined) return []
  const entries = contents.topology()
  return findUnownedLogs(contents, adopter).map((log) => {
    const { name, entry } = adopter.adopt(log, entries)
    say(`make a queue '${name}' of log ${log.id} with its ${log.messageCount} messages`)
    return entry
  })
}
