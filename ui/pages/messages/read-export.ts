// Reads an export a batch of messages at a time, whatever its size.

const limits = { count: 1000, size: 3_000_000 }

/** What the API publishes of each line. Throws for a line that is no message. */
export async function* batchesOf(file: Blob): AsyncGenerator<object[]> {
  let batch: object[] = []
  let size = 0
  let number = 0
  for await (const line of linesOf(file)) {
    number++
    if (line.trim() === '') continue
    if (batch.length > 0 && (batch.length >= limits.count || size + line.length > limits.size)) {
      yield batch
      batch = []
      size = 0
    }
    const message = messageOf(line, number)
    if (message !== undefined) batch.push(message)
    size += line.length
  }
  if (batch.length > 0) yield batch
}

/** Undefined for a line that says what is missing. */
function messageOf(line: string, number: number): object | undefined {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    throw new Error(`Line ${number} is no JSON: nothing from there on was published`)
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new Error(`Line ${number} is no message: nothing from there on was published`)
  }
  if ('gap' in json) return undefined
  const { payload, payload_encoding, properties } = json as Readonly<Record<string, unknown>>
  if (typeof payload !== 'string') throw new Error(`Line ${number} has no payload`)
  return {
    payload,
    ...(payload_encoding !== undefined && { payload_encoding }),
    ...(properties !== undefined && { properties }),
  }
}

async function* linesOf(file: Blob): AsyncGenerator<string> {
  const reader = file.stream().getReader()
  const decoder = new TextDecoder()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    const lines = `${rest}${decoder.decode(value, { stream: true })}`.split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}
