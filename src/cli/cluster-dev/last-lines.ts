import { readFileSync } from 'node:fs'
import { clusterDevLimits } from '../../limits/cluster-dev.ts'

/** The last lines of a log as one: why a program has ended. */
export function lastLines(file: string): string {
  try {
    const lines = readFileSync(file, 'utf8').trim().split('\n')
    return lines.slice(-clusterDevLimits.shownLines).join(' | ')
  } catch {
    return 'it said nothing'
  }
}
