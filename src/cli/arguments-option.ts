// `--argument x-max-length=10`: what is declared with names and values of any type.
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'

/** For commander: each use of a flag adds to what there is. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

/**
 * Names and values of `NAME=VALUE`. A value that is JSON (a number, true, a quoted text) is what it says,
 * any other is text; so is that of a name for which `isText` says so. Throws an `ExitError` for what has no `=`.
 */
export function readPairs(
  flag: string,
  pairs: readonly string[] = [],
  isText: (name: string) => boolean = () => false,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const end = pair.indexOf('=')
      const [name, value] = [pair.slice(0, end), pair.slice(end + 1)]
      if (end > 0) return [name, isText(name) ? value : readValue(value)]
      throw new ExitError(exitCodes.usage, `${flag} cannot be '${pair}': write it as NAME=VALUE`)
    }),
  )
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}
