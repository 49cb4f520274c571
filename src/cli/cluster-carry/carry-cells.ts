// Takes a data folder into a cluster and cells out of it, and says what was done.
import path from 'node:path'
import { accessForFolder, type CarriedState, stateOfFolder } from '../../cluster/carried-access.ts'
import {
  type CarriedTopic,
  carriedTopics,
  checkCarriedTopics,
} from '../../cluster/carried-topics.ts'
import { exitCodes } from '../../lib/exit-codes.ts'
import { ExitError } from '../../lib/exit-error.ts'
import { brokerLimits } from '../../limits/broker.ts'
import {
  type CarriedFolder,
  carryFolder,
  type CarryOptions,
  type CarryReport,
  type CarryStep,
} from '../../log/carry/carry-folder.ts'
import { createSystemDisk } from '../../log/file/system-disk.ts'
import { logAdopter } from '../../meta/adopt-logs.ts'
import { lockDataFolder } from '../../meta/data-folder-lock.ts'
import { counted, lockExisting } from '../check-data-folder.ts'
import { filesText, showProgress } from '../progress-line.ts'
import type { Session } from '../remote-command.ts'
import { sizeText } from '../size-text.ts'
import { describeSpread } from './describe-spread.ts'
import { openOfflineCell } from './offline-cell.ts'
import { type ClusterPlace, type ClusterStore, openClusterStore } from './open-cluster-store.ts'

export interface CarryAsked {
  readonly session: Session
  readonly place: ClusterPlace
  /** Undefined where none was named. */
  readonly cell: number | undefined
  /** The data folder, absolute. */
  readonly folder: string
}

/** Where there is something already, and what to do with damage. */
type Advice = CarryOptions['advice']

const importCommand = 'pabal cluster import'
const exportCommand = 'pabal cluster export'

const importAdvice: Advice = {
  notEmpty: 'a folder is imported into a cell that has no data',
  damaged: 'Run "pabal verify" and "pabal repair" on it first',
}
const exportAdvice: Advice = {
  notEmpty: 'a cell is exported to a folder of its own, name an empty one with --data',
  damaged: 'Start a node and look at its log, or restore the cluster from its backup',
}

/** `pabal cluster import` */
export async function importFolder({ session, place, cell, folder }: CarryAsked): Promise<void> {
  const { print } = session.terminal
  using _lock = await lockExisting(folder, false)
  await using store = await openClusterStore(place, session)
  if (cell === undefined) await checkNoData(store)
  await using offline = await openOfflineCell(store, cell ?? 0, importCommand)
  const from = { disk: createSystemDisk(), path: folder, name: folder }
  const { rows } = await store.tables.readShared()
  const of = cell ?? 0
  let state: CarriedState | undefined
  const report = await carry(from, offline.folder, {
    command: importCommand,
    advice: importAdvice,
    onTopology: (entries) => {
      checkCarriedTopics(entries, { cell: of, cellCount: store.tables.settings.cellCount })
      state = stateOfFolder(entries, of, rows)
      return undefined
    },
  })
  if (state !== undefined) await shareState(store, of, state)
  print(`Imported to ${offline.folder.name}: ${sizesOf(report)}`)
  print(`Read back and whole: ${contentOf(report)}`)
  for (const user of state?.keptUsers ?? []) {
    print(`The cluster has a user '${user}' already, who stays as in the cluster`)
  }
  print(`Start nodes now. The folder stays as it was: start no broker on it any more`)
}

/** Puts what stands above cells where all nodes read it. Doing it twice is doing it once. */
async function shareState(
  { tables }: ClusterStore,
  cell: number,
  { access, vhosts }: CarriedState,
): Promise<void> {
  for (const vhost of vhosts) {
    const placed = await tables.placeVHost({ ...vhost, cell }, brokerLimits.vhostsMax)
    if (placed === cell) continue
    throw new ExitError(
      exitCodes.cannotCreate,
      `the virtual host ${vhost.key} could not be placed in cell ${cell}: the cluster has too many`,
    )
  }
  if (access.length > 0) await tables.changeShared(access)
}

/** Other cells have no data: the folder is all that the cluster is to have. */
async function checkNoData({ tables }: ClusterStore): Promise<void> {
  const others = (await tables.usedCells()).filter((cell) => cell !== 0)
  if (others.length === 0) return
  throw new ExitError(
    exitCodes.cannotCreate,
    `nodes have run on the cluster already (${counted(others.length, 'cell has', 'cells have')} data besides cell 0): import before the first node starts, or name a cell without data with --cell`,
  )
}

/** `pabal cluster export` */
export async function exportCells({ session, place, cell, folder }: CarryAsked): Promise<void> {
  await using store = await openClusterStore(place, session)
  const used = await store.tables.usedCells()
  const isOnlyOne = store.tables.settings.cellCount === 1
  const cells = cell === undefined ? used : [cell]
  const [first] = cells
  if (first === undefined) throw new ExitError(exitCodes.noInput, 'the cluster has no data')
  for (const each of cells) {
    const isItself = cell !== undefined || isOnlyOne
    const target = isItself ? folder : path.join(folder, `cell-${each}`)
    await exportCell(store, each, { folder: target, session })
  }
  const each = cells.length === 1 ? 'it' : 'each of them'
  session.terminal.print(`Open ${each} with pabal start --data FOLDER. The cluster stays as it was`)
}

async function exportCell(
  store: ClusterStore,
  cell: number,
  { folder, session }: Pick<CarryAsked, 'folder' | 'session'>,
): Promise<void> {
  const { print } = session.terminal
  await using offline = await openOfflineCell(store, cell, exportCommand)
  const to = { disk: createSystemDisk(), path: folder, name: folder }
  await to.disk.createFolder(folder)
  using _lock = lockDataFolder(folder)
  const { rows } = await store.tables.readShared()
  let topics: readonly CarriedTopic[] = []
  const report = await carry(offline.folder, to, {
    command: exportCommand,
    advice: exportAdvice,
    onTopology: (entries) => {
      topics = carriedTopics(entries, cell)
      return accessForFolder(entries, cell, rows)
    },
  })
  print(`Exported ${offline.folder.name} to ${folder}: ${sizesOf(report)}`)
  print(`Read back and whole: ${contentOf(report)}`)
  for (const line of describeSpread(topics)) print(line)
}

async function carry(
  from: CarriedFolder,
  to: CarriedFolder,
  how: Pick<CarryOptions, 'command' | 'advice' | 'onTopology'>,
): Promise<CarryReport> {
  let step: CarryStep | undefined
  using _progress = showProgress(() => (step === undefined ? '' : describeStep(step)))
  const onStep = (next: CarryStep): void => {
    step = next
  }
  return await carryFolder({ from, to, ...how, adopter: logAdopter, onStep })
}

function describeStep({ kind, fileCount, byteCount }: CarryStep): string {
  if (kind === 'check') return 'Checking what is there…'
  if (kind === 'check the copy') return 'Reading back what was written…'
  return `${filesText(fileCount)}, ${sizeText(byteCount)}`
}

function sizesOf({ fileCount, size }: CarryReport): string {
  return `${filesText(fileCount)}, ${sizeText(size)}`
}

function contentOf({ commitCount, recordCount, bodyCount }: CarryReport): string {
  const bodies = counted(bodyCount, 'large body', 'large bodies')
  return `${counted(commitCount, 'commit')}, ${counted(recordCount, 'record')}, ${bodies}`
}
