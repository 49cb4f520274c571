// Prints one JSON line per step, for test/interop/interop.test.ts.

/** `host:port` of the broker, from the command line. */
export const broker: string = process.argv[2] ?? '127.0.0.1:9092'

/** What names of this run begin with. */
export const prefix: string = process.argv[3] ?? `interop-${process.pid}`

/** Runs one step and prints its result or error; later steps run in any case. */
export async function step(name: string, run: () => Promise<unknown>): Promise<void> {
  try {
    print({ step: name, result: await run() })
  } catch (error) {
    print({ step: name, error: describe(error) })
  }
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}

/** Resolves when `condition` holds. @throws Error naming `what` after 20 s. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + 20_000
  while (!condition()) {
    if (performance.now() > end) throw new Error(`gave up waiting: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** What `look` finds once it is `isDone`; a Kafka broker knows a change a moment after it said so. */
export async function eventually<T>(
  look: () => Promise<T>,
  isDone: (found: T) => boolean,
): Promise<T> {
  const end = performance.now() + 10_000
  for (;;) {
    const found = await look()
    if (isDone(found) || performance.now() > end) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** The function's first result for every call. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}

/** Kafka's number of the error that `run` fails with. @throws Error when it does not fail. */
export async function codeOf(run: () => Promise<unknown>): Promise<{ code: number }> {
  try {
    await run()
  } catch (error) {
    return { code: findCode(error) }
  }
  throw new Error('no error')
}

function findCode(error: unknown): number {
  const { code, apiCode, cause, errors } = error as Record<string, unknown>
  if (typeof apiCode === 'number') return apiCode
  if (typeof code === 'number') return code
  const inner = cause ?? (Array.isArray(errors) ? errors[0] : undefined)
  if (inner === undefined) throw error
  return findCode(inner)
}

/** One record as the checks need it. */
export interface Seen {
  readonly key: string | null
  readonly value: string | null
}

/** Values that one key may have: `<codec>-<number>`, numbers rising within a codec. */
export function checkBatches(codecs: readonly string[], seen: readonly Seen[]): object {
  const wanted = new Set(codecs.flatMap((codec) => range(12).map((n) => `${codec}-${n}`)))
  const values = seen.map(({ value }) => value ?? '')
  const missing = [...wanted].filter((value) => !values.includes(value)).length
  const last = new Map<string, number>()
  let keysInOrder = true
  for (const { key, value } of seen) {
    const [codec, n] = (value ?? '').split('-')
    const slot = `${codec} ${key}`
    if (Number(n) <= (last.get(slot) ?? -1)) keysInOrder = false
    last.set(slot, Number(n))
  }
  return { missing, again: values.length - new Set(values).size, keysInOrder }
}

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n)
}

export function sorted(numbers: readonly number[]): number[] {
  return numbers.toSorted((a, b) => a - b)
}
