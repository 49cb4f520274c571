// A node:test reporter that says at the end which files took longest, so that one sees where the time goes.
import path from 'node:path'

const listed = 12
const root = path.dirname(import.meta.dirname)

/** Reads the runner's events; yields the files that took longest, the longest first. */
// oxlint-disable-next-line import/no-default-export -- node:test asks for the default export
export default async function* slowest(events) {
  const files = []
  for await (const { type, data } of events) {
    if (type === 'test:summary' && data.file !== undefined) files.push(data)
  }
  const longest = files.toSorted((a, b) => b.duration_ms - a.duration_ms).slice(0, listed)
  yield 'The files that took longest:\n'
  for (const { file, duration_ms: ms, counts } of longest) {
    const seconds = (ms / 1000).toFixed(1).padStart(6)
    yield `${seconds} s  ${path.relative(root, file)} (${counts.tests} tests)\n`
  }
}
