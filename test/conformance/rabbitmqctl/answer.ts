// One command and what it did, in a form in which two brokers can be compared.

/** Names of folders and nodes stand in braces. */
export interface CommandAnswer {
  readonly line: string
  readonly code: number
  readonly out: readonly string[]
  readonly err: readonly string[]
}

/** Without what differs from run to run, and how a command of RabbitMQ is used. */
export function plainAnswer(answer: CommandAnswer, node: string | undefined): CommandAnswer {
  const plain = (line: string): string =>
    (node === undefined ? line : line.replaceAll(node, '{node}'))
      .replaceAll(/<\{node\}[^>]*>/g, '{pid}')
      .replaceAll(/\b\d{5}\b/g, '{port}')
  const lines = answer.err.map(plain)
  const usageAt = lines.findIndex((line) => /^(?:Arguments given|Usage)/.test(line))
  return {
    ...answer,
    out: answer.out.map(plain),
    err: (usageAt < 0 ? lines : lines.slice(0, usageAt)).filter(
      // Its log is told, too.
      (line) => line.trim() !== '' && !/^\d\d:\d\d:/.test(line),
    ),
  }
}

/** Rows come in any order, and a node is called by its name or not. */
export function comparable({ code, out, err }: CommandAnswer): unknown {
  const same = (line: string): string =>
    line
      .replaceAll(/\bnode \{node\}/gi, 'this node')
      .replace(/^This node/, 'this node')
      .trimEnd()
  const rows = out.map((line) => same(line.replace(/^,/, '')))
  return { code, out: rows.filter((line) => line !== '').toSorted(), err: err.map(same) }
}
