// Which levels of the tree of topics stand open. Each is a view of its own, and a page has only so many.

/** A stream of views has sixteen, of which the page around the tree needs some. */
export const levelsMax = 10

/** Opens a level, or closes it with all that is below it. */
export function toggleLevel(open: readonly string[], topic: string): readonly string[] {
  if (open.includes(topic)) return open.filter((each) => !isIn(each, topic))
  const next = [...open, topic]
  while (next.length > levelsMax) {
    const first = next.find((each) => !isIn(topic, each)) as string
    next.splice(0, next.length, ...next.filter((each) => !isIn(each, first)))
  }
  return next
}

/** The levels to open so that a topic is seen; of a very deep one the first. */
export function levelsAbove(topic: string | undefined): readonly string[] {
  const names = topic?.split('/') ?? []
  const above = names.slice(1).map((_, count) => names.slice(0, count + 1).join('/'))
  return above.slice(0, levelsMax)
}

/** Whether `topic` is `level` or below it. */
function isIn(topic: string, level: string): boolean {
  return topic === level || topic.startsWith(`${level}/`)
}
