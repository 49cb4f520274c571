// What a JSON answer consists of: the names of its fields with the types of their values.

/** Types by place: `[].message_stats.publish` → number. null says nothing of its type. */
export type Shape = ReadonlyMap<string, ReadonlySet<string>>

export interface Lack {
  readonly place: string
  readonly told: string
}

export function shapeOf(json: unknown): Shape {
  const shape = new Map<string, Set<string>>()
  note(shape, json, '')
  return shape
}

/** Places of `theirs` that `ours` lacks, or has with no type that is also theirs. */
export function lackingIn(ours: Shape, theirs: Shape): Lack[] {
  const lacking: Lack[] = []
  for (const [place, types] of theirs) {
    // What is below something that is missing is not told.
    if (place !== '' && !ours.has(place.replace(/(?:\.[^.[\]]+|\[\])$/, ''))) continue
    const own = ours.get(place)
    const wanted = [...types].join(' or ') || 'null'
    if (own === undefined) lacking.push({ place, told: `${place} is missing: ${wanted}` })
    else if (types.size > 0 && own.size > 0 && ![...types].some((type) => own.has(type))) {
      lacking.push({ place, told: `${place} is ${[...own].join(' or ')}, not ${wanted}` })
    }
  }
  return lacking
}

function note(shape: Map<string, Set<string>>, value: unknown, place: string): void {
  const types = shape.get(place) ?? new Set()
  shape.set(place, types)
  if (value === null) return
  types.add(Array.isArray(value) ? 'array' : typeof value)
  if (typeof value !== 'object') return
  for (const [key, below] of Object.entries(value)) {
    note(shape, below, Array.isArray(value) ? `${place}[]` : `${place}.${key}`)
  }
}
