import { z } from 'zod'

type JsonType = 'string' | 'integer' | 'number' | 'boolean' | 'object' | 'array' | 'null'

/**
 * A field that what serves the operation checks itself, in RabbitMQ's words, as the same comes by other ways;
 * the document still says what it has to be. Missing is refused here, unless it is `optional`.
 */
export function judgedLater(type: JsonType | readonly JsonType[], description: string): z.ZodType {
  return z.unknown().meta({ type: type, description })
}
