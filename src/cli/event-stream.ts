// Reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) as a broker sends them:
// fields of one line each.

export interface ServerEvent {
  /** Undefined for a message. */
  readonly type: string | undefined
  /** Undefined for a place by itself. */
  readonly data: string | undefined
  /** Where to go on behind it, where it says so. */
  readonly id: string | undefined
}

export async function* readEvents(
  pieces: AsyncIterable<Buffer>,
): AsyncGenerator<ServerEvent, void, undefined> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const piece of pieces) {
    text += decoder.decode(piece, { stream: true })
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) yield eventOf(block)
  }
}

function eventOf(block: string): ServerEvent {
  const fields = new Map<string, string>()
  for (const line of block.split('\n')) {
    const [, name = '', value = ''] = /^([^:]+): ?(.*)$/.exec(line) ?? []
    if (name !== '') fields.set(name, value)
  }
  return { type: fields.get('event'), data: fields.get('data'), id: fields.get('id') }
}
