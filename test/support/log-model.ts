// What a store should hold, as nothing but maps: for tests that crash it and look what is left.

interface ModelLog {
  end: number
  start: number
  mark: number
  readonly bodies: Map<number, string>
  /** By offset, of those that are not acked. */
  readonly notes: Map<number, string>
}

export class LogModel {
  readonly logs: Map<number, ModelLog> = new Map()
  /** Name → what was declared under it. */
  readonly topology: Map<string, string> = new Map()
  readonly state: Map<string, string> = new Map()

  copy(): LogModel {
    const copy = new LogModel()
    for (const [id, log] of this.logs) {
      const { bodies, notes } = log
      copy.logs.set(id, { ...log, bodies: new Map(bodies), notes: new Map(notes) })
    }
    for (const [name, text] of this.topology) copy.topology.set(name, text)
    for (const [key, value] of this.state) copy.state.set(key, value)
    return copy
  }

  toString(): string {
    const logs = [...this.logs].toSorted(([a], [b]) => a - b)
    const lines = logs.map(([id, log]) => {
      const bodies = [...log.bodies].toSorted(([a], [b]) => a - b)
      const notes = [...log.notes].toSorted(([a], [b]) => a - b)
      const values = [...bodies, ...notes].map((pair) => pair.join('='))
      return `${id}: ${log.end} ${log.start} ${log.mark} ${values.join(' ')}`
    })
    const state = [...this.state].toSorted(([a], [b]) => a.localeCompare(b))
    const topology = [...this.topology].toSorted(([a], [b]) => a.localeCompare(b))
    return [...lines, topology.join(' '), state.join(' ')].join('\n')
  }
}

/** A topology entry; an empty text says that there is nothing of that name. */
export function modelEntry(name: string, text: string): Buffer {
  return Buffer.from(`${name}=${text}`)
}

export function* modelEntries(topology: ReadonlyMap<string, string>): Generator<Buffer> {
  for (const [name, text] of topology) yield modelEntry(name, text)
}

/** Does what an entry says. */
export function applyModelEntry(topology: Map<string, string>, entry: Buffer): void {
  const [name = '', text = ''] = entry.toString().split('=')
  if (text === '') topology.delete(name)
  else topology.set(name, text)
}
