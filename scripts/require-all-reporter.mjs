// A node:test reporter that fails the run when tests are missing: `node --test` exits 0 when its patterns
// match nothing, and a skipped test also counts as passed. It says which files took longest.
import path from 'node:path'

const root = path.dirname(import.meta.dirname)
const slowestListed = 12

/** At least this many tests exist: see test.mjs. */
const testCountMin = Number(process.env.PABAL_TEST_COUNT_MIN)

/** Reads the runner's events; yields one line per thing that is missing. */
// oxlint-disable-next-line import/no-default-export -- node:test asks for the default export
export default async function* requireAll(events) {
  const skipped = []
  const files = []
  let total = 0
  for await (const { type, data } of events) {
    if (type === 'test:summary' && data.file !== undefined) files.push(data)
    if ((type === 'test:pass' || type === 'test:fail') && data.skip !== undefined)
      skipped.push(data)
    if (type === 'test:summary' && data.file === undefined) total = data.counts.tests
  }
  yield* slowest(files)
  for (const { name, skip, file } of skipped) {
    yield `required but skipped: ${name} (${file ?? 'unknown file'}): ${skip}\n`
  }
  if (total < testCountMin) yield `only ${total} tests ran, expected at least ${testCountMin}\n`
  if (skipped.length > 0 || total < testCountMin) process.exitCode = 1
}

function* slowest(files) {
  yield 'The files that took longest:\n'
  const longest = files.toSorted((a, b) => b.duration_ms - a.duration_ms).slice(0, slowestListed)
  for (const { file, duration_ms: ms, counts } of longest) {
    const seconds = (ms / 1000).toFixed(1).padStart(6)
    yield `${seconds} s  ${path.relative(root, file)} (${counts.tests} tests)\n`
  }
}
