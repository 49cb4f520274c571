// What the headers of a message say of how it died: x-death, the latest first.
import type { FieldTable } from '../../../src/record/message/field-table.ts'

export interface SeenDeath {
  readonly queue: string
  readonly reason: string
  readonly count: number
}

export function readDeaths(headers: FieldTable | undefined): readonly SeenDeath[] {
  const deaths = headers?.get('x-death')
  if (deaths?.type !== 'array') return []
  return deaths.value.map((item) => {
    if (item.type !== 'table') throw new Error(`x-death has a ${item.type}`)
    const { value } = item
    return {
      queue: value.findText('queue') ?? '',
      reason: value.findText('reason') ?? '',
      count: Number(value.get('count')?.value),
    }
  })
}

/** How often it died in a queue, for one reason or for all. */
export function deathsIn(deaths: readonly SeenDeath[], queue: string, reason?: string): number {
  return deaths
    .filter((death) => death.queue === queue && (reason === undefined || death.reason === reason))
    .reduce((sum, { count }) => sum + count, 0)
}

export function describeDeaths(deaths: readonly SeenDeath[]): string {
  return deaths.map(({ queue, reason, count }) => `${queue} ${reason} ${count}`).join(', ')
}

export function deathCountOf(deaths: readonly SeenDeath[]): number {
  return deaths.reduce((sum, { count }) => sum + count, 0)
}
