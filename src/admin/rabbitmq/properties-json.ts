// Properties of messages in RabbitMQ's JSON.
import { z } from 'zod'
import { argumentsFromJson } from '../../definitions/arguments-json.ts'
import { adminLimits } from '../../limits/admin.ts'
import { CodecError } from '../../record/codec-error.ts'
import { encodeContentHeader, validateContentHeader } from '../../record/message/content-header.ts'
import { emptyTable, type FieldTable } from '../../record/message/field-table.ts'
import type { BasicProperties } from '../../record/message/properties.gen.ts'
import { readTypedHeaders } from '../typed-headers.ts'
import { tableField, tableFrom } from './fields.ts'

const text = z.string().optional()
const octet = z.number().int().min(0).max(255).optional()

const fields = {
  content_type: text,
  content_encoding: text,
  headers: tableField,
  delivery_mode: octet,
  priority: octet,
  correlation_id: text,
  reply_to: text,
  expiration: text,
  message_id: text,
  timestamp: z.number().int().min(0).optional(),
  type: text,
  user_id: text,
  app_id: text,
  cluster_id: text,
}

/** `user_id` and its like become `userId`. */
function toProperties({
  headers,
  ...rest
}: Omit<z.infer<z.ZodObject<typeof fields>>, 'timestamp'>): BasicProperties {
  const properties = Object.fromEntries(
    Object.entries(rest).map(([name, value]) => [
      name.replaceAll(/_[a-z]/g, ([, letter = '']) => letter.toUpperCase()),
      value,
    ]),
  )
  return headers === emptyTable ? properties : { ...properties, headers }
}

/** As RabbitMQ's API takes them, which passes over those that there are not. */
export const propertiesSchema: z.ZodType<BasicProperties> = z.object(fields).transform(toProperties)

/** The same without any others, and as messages are exported: with headers and times that JSON has no words for. */
export const ownPropertiesSchema: z.ZodType<BasicProperties> = z
  .strictObject({
    ...fields,
    headers: z
      .union([z.record(z.string(), z.unknown()), z.array(z.unknown())])
      .optional()
      .transform((json, context) =>
        Array.isArray(json) && json.length > 0
          ? typedHeaders(json, context)
          : tableFrom(json, context, argumentsFromJson),
      )
      .describe('By name, or as in exported messages a list of {"name", "type", "value"}'),
    timestamp: z
      .union([
        z.number().int().min(0),
        z
          .string()
          .regex(/^\d{16,20}$/)
          .transform(BigInt),
      ])
      .optional()
      .describe('Seconds since the Unix epoch; text where JSON would lose digits'),
  })
  .transform(toProperties)

function typedHeaders(json: readonly unknown[], context: z.RefinementCtx): FieldTable {
  try {
    return readTypedHeaders(json)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    context.addIssue({ code: 'custom', message: error.message })
    return emptyTable
  }
}

/** The header of a message; undefined when a property does not fit into it, or all of them are too large. */
export function encodeProperties(
  properties: BasicProperties,
  bodySize: number,
): Buffer | undefined {
  try {
    const header = encodeContentHeader(bodySize, properties)
    validateContentHeader(header, 0, header.length)
    return header.length <= adminLimits.propertiesSizeMax ? header : undefined
  } catch (error) {
    if (error instanceof RangeError || error instanceof CodecError) return undefined
    throw error
  }
}
