// Reads server-sent events from the body of an answer, as the HTML standard parses them (9.2.6).

export interface ServerEvent {
  readonly event: string
  /** Empty where it only tells its place. */
  readonly data: string
  /** With which one goes on behind it. */
  readonly id?: string | undefined
}

/** Each event of a stream, until it ends. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.pipeThrough(new TextDecoderStream() as never).getReader()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = (await reader.read()) as { done: boolean; value: string }
      if (done) return
      rest += value
      const blocks = rest.split('\n\n')
      rest = blocks.pop() ?? ''
      yield* blocks.map(parseEvent).filter((event) => event !== undefined)
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}

/** Undefined for a comment, which keeps the connection alive. */
export function parseEvent(block: string): ServerEvent | undefined {
  let event = 'message'
  let id: string | undefined
  const data: string[] = []
  for (const line of block.split(/\r?\n/)) {
    const [, field, value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? []
    if (field === 'event') event = value
    if (field === 'data') data.push(value)
    if (field === 'id') id = value
  }
  if (data.length === 0 && id === undefined) return undefined
  return { event, data: data.join('\n'), id }
}
