// A node:test reporter that says nothing when all is well, and fails the run when tests are missing:
// `node --test` exits 0 when its patterns match nothing, and a skipped test also counts as passed.

/** At least this many tests exist: see test.mjs. */
const testCountMin = Number(process.env.PABAL_TEST_COUNT_MIN)

/** Reads the runner's events; yields one line per thing that is missing. */
// oxlint-disable-next-line import/no-default-export -- node:test asks for the default export
export default async function* requireAll(events) {
  const skipped = []
  let total = 0
  for await (const { type, data } of events) {
    if ((type === 'test:pass' || type === 'test:fail') && data.skip !== undefined)
      skipped.push(data)
    if (type === 'test:summary' && data.file === undefined) total = data.counts.tests
  }
  for (const { name, skip, file } of skipped) {
    yield `required but skipped: ${name} (${file ?? 'unknown file'}): ${skip}\n`
  }
  if (total < testCountMin) yield `only ${total} tests ran, expected at least ${testCountMin}\n`
  if (skipped.length > 0 || total < testCountMin) process.exitCode = 1
}
