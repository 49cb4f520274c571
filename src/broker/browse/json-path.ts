// Finds values in JSON by a path: a subset of RFC 9535. It begins with `$`; then come names (`.name`,
// `['name']`), places in arrays (`[0]`, from the end `[-1]`) and `[*]` or `.*` for all there is.
import { searchLimits } from '../../limits/search.ts'

type Step = string | number | typeof everything

const everything = Symbol('*')

/** Says which values of a JSON document a path leads to. */
export type JsonPath = (document: unknown) => unknown[]

/** Undefined for what is no such path, or has too many parts. */
export function compileJsonPath(path: string): JsonPath | undefined {
  const steps = readSteps(path)
  if (steps === undefined) return undefined
  return (document) => {
    let found: unknown[] = [document]
    for (const step of steps) found = found.flatMap((value) => take(value, step))
    return found
  }
}

const part =
  /\.(?<name>[\p{L}_][\p{L}\p{N}_-]*)|(?<all>\.\*|\[\*\])|\[(?<index>-?\d{1,9})\]|\['(?<single>(?:[^'\\]|\\['\\])*)'\]|\["(?<double>(?:[^"\\]|\\["\\])*)"\]/uy

function readSteps(path: string): Step[] | undefined {
  if (!path.startsWith('$')) return undefined
  const steps: Step[] = []
  part.lastIndex = 1
  while (part.lastIndex < path.length) {
    const groups = part.exec(path)?.groups
    if (groups === undefined || steps.length === searchLimits.jsonPathPartsMax) return undefined
    const { name, all, index, single, double } = groups
    if (all !== undefined) steps.push(everything)
    else if (index !== undefined) steps.push(Number(index))
    else steps.push(name ?? (single ?? double ?? '').replaceAll(/\\(.)/g, '$1'))
  }
  return steps
}

function take(value: unknown, step: Step): unknown[] {
  if (typeof value !== 'object' || value === null) return []
  if (step === everything) return Object.values(value)
  if (typeof step === 'number') {
    const found: unknown = Array.isArray(value) ? value.at(step) : undefined
    return found === undefined ? [] : [found]
  }
  if (Array.isArray(value) || !Object.hasOwn(value, step)) return []
  return [(value as Record<string, unknown>)[step]]
}
