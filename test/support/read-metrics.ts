// Reads Prometheus's text format, strictly: what it does not know is an error.

export interface ReadSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface ReadMetrics {
  readonly types: ReadonlyMap<string, string>
  readonly samples: readonly ReadSample[]
}

/** Throws `Error` for a line that is not of the format. */
export function readMetrics(text: string): ReadMetrics {
  const types = new Map<string, string>()
  const samples: ReadSample[] = []
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  for (const line of text.slice(0, -1).split('\n')) {
    if (line.startsWith('# HELP ') || line === '# EOF') continue
    const type = /^# TYPE (\S+) (\S+)$/.exec(line)
    if (type !== null) {
      if (types.has(type[1]!)) throw new Error(`a family comes twice: ${line}`)
      types.set(type[1]!, type[2]!)
    } else samples.push(readSample(line))
  }
  return { types, samples }
}

/** The value of the only sample with this name and these labels, or more labels. */
export function valueOf(
  { samples }: ReadMetrics,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const found = samples.filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  )
  if (found.length !== 1) throw new Error(`${found.length} samples of ${name}`)
  return found[0]!.value
}

function readSample(line: string): ReadSample {
  const parts = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/s.exec(line)
  if (parts === null) throw new Error(`not a sample: ${line}`)
  const [, name = '', set = '', text = ''] = parts
  const value = Number(text === '+Inf' ? 'Infinity' : text)
  if (Number.isNaN(value)) throw new Error(`not a number: ${line}`)
  return { name, labels: readLabels(set), value }
}

function readLabels(set: string): Record<string, string> {
  const labels: Record<string, string> = {}
  const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(,|$)/sy
  for (let match = label.exec(set); match !== null; match = label.exec(set)) {
    const [, name = '', escaped = '', end] = match
    labels[name] = escaped.replaceAll(/\\(.)/g, (_, code: string) => (code === 'n' ? '\n' : code))
    if (end === '') return labels
  }
  if (set !== '') throw new Error(`not labels: ${set}`)
  return labels
}
