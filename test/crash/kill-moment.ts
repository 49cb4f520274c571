// When a round's broker is killed: chosen from the seed, so that rounds differ in every way.

import { existsSync, watch, type FSWatcher } from 'node:fs'
import type { Random } from '../../src/lib/random.ts'
import type { History } from './history.ts'

/**
 * `events`: after so many events of the history; `time`: after so many ms; `files`: when so many
 * files were made, renamed or deleted in the log's folder.
 */
export interface KillMoment {
  readonly by: 'events' | 'time' | 'files'
  readonly count: number
  readonly signal: 'SIGKILL' | 'SIGTERM'
}

interface Watched {
  readonly history: History
  readonly logFolder: string
}

const eventsMin = 100
const eventsMax = 12_000
const timeMsMax = 500
/** A broker that makes no files is killed after this. */
const roundMsMax = 700
const fileChangesMax = 16

export function chooseKillMoment(random: Random, hasSmallFiles: boolean): KillMoment {
  const kind = random.below(10)
  const signal = random.below(12) === 0 ? 'SIGTERM' : 'SIGKILL'
  if (kind < (hasSmallFiles ? 6 : 2)) {
    return { by: 'files', count: 1 + random.below(fileChangesMax), signal }
  }
  if (kind < 8) return { by: 'events', count: chooseCount(random), signal }
  return { by: 'time', count: random.below(timeMsMax), signal }
}

/** Calls `kill` once when the moment has come. Returns how to stop waiting for it. */
export function armKill(moment: KillMoment, watched: Watched, kill: () => void): () => void {
  const { history, logFolder } = watched
  let watcher: FSWatcher | undefined
  const timer = setTimeout(reach, moment.by === 'time' ? moment.count : roundMsMax)
  if (moment.by === 'events') {
    const end = history.now + moment.count
    history.onEvent = (time) => {
      if (time >= end) reach()
    }
  }
  if (moment.by === 'files' && existsSync(logFolder)) {
    let left = moment.count
    watcher = watch(logFolder, (event) => {
      if (event === 'rename' && --left === 0) reach()
    })
  }
  return disarm

  function disarm(): void {
    history.onEvent = undefined
    watcher?.close()
    clearTimeout(timer)
  }

  function reach(): void {
    disarm()
    kill()
  }
}

/** Small counts are as likely as large ones. */
function chooseCount(random: Random): number {
  return Math.ceil(eventsMin * (eventsMax / eventsMin) ** random.next())
}
