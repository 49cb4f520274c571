// Headers and arguments as people type them: a line each, name=value.

/** The pairs, or what is wrong with a line. */
export type Pairs =
  | { readonly values: Readonly<Record<string, unknown>>; readonly problem?: undefined }
  | { readonly problem: string; readonly values?: undefined }

/** Numbers, true, false, null and JSON are what they look like; all else, and what stands in quotes, is text. */
export function readPairs(text: string): Pairs {
  const values: [string, unknown][] = []
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    const at = line.indexOf('=')
    if (at < 1) return { problem: `${line.trim()}: write name=value` }
    values.push([line.slice(0, at).trim(), readValue(line.slice(at + 1).trim())])
  }
  return { values: Object.fromEntries(values) }
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

/** The other way round, as `readPairs` reads it. */
export function writePairs(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${writeValue(value)}`)
    .join('\n')
}

function writeValue(value: unknown): string {
  return typeof value === 'string' && readValue(value) === value ? value : JSON.stringify(value)
}
