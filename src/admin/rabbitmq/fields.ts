// Parts of bodies and queries as RabbitMQ's API takes them.
import { z } from 'zod'
import { argumentsFromJson } from '../../definitions/arguments-json.ts'
import { isDeeper } from '../../definitions/item-reader.ts'
import { adminLimits } from '../../limits/admin.ts'
import { definitionsLimits } from '../../limits/definitions.ts'
import { emptyTable, type FieldTable } from '../../record/message/field-table.ts'
import { bytesOfName } from '../../record/message/name-bytes.ts'
import { judgedLater } from '../api/judged-later.ts'

/** RabbitMQ takes texts for truth values. */
export const flag: z.ZodType<boolean | undefined> = z
  .union([z.boolean(), z.enum(['true', 'false'])])
  .transform((value) => value === true || value === 'true')
  .optional()

/** The same for numbers. */
export const wholeNumber: z.ZodType<number> = z
  .union([z.number().int(), z.string().regex(/^\d+$/)])
  .transform(Number)
  .refine((value) => Number.isSafeInteger(value) && value >= 0, 'should be a whole number')

/** A name or a routing key. Bytes that are no UTF-8 are text as `nameFromBytes` makes it. */
export const nameText: z.ZodType<string> = z.string().superRefine((name, context) => {
  const problem = whyNoName(name)
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
})

/** A table; an empty one may be a list. A record of zod's would leave the name `__proto__` out. */
export const tableField: z.ZodType<FieldTable> = judgedLater(['object', 'array'], 'By name')
  .optional()
  .transform((json, context) => tableFrom(json, context, argumentsFromJson))

/** What `read` makes of it; a TypeError of its is an issue. */
export function tableFrom<Json>(
  json: Json,
  context: z.RefinementCtx,
  read: (json: Json) => FieldTable,
): FieldTable {
  const refuse = (message: string): FieldTable => {
    context.addIssue({ code: 'custom', message })
    return emptyTable
  }
  if (isDeeper(json, adminLimits.tableDepthMax)) {
    return refuse('has too many tables within each other')
  }
  try {
    return read(json)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return refuse(error.message)
  }
}

/** Why AMQP has no such name; undefined when it may be one. */
export function whyNoName(name: string): string | undefined {
  const bytes = bytesOfName(name)
  const { nameSizeMax } = definitionsLimits
  if (Buffer.byteLength(bytes) > nameSizeMax) return `longer than ${nameSizeMax} bytes`
  if (typeof bytes === 'string' && !bytes.isWellFormed()) return 'has half a surrogate pair'
  return undefined
}
