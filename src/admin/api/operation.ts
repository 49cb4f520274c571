// One operation of the HTTP API as data: from it come its route, its checks and its lines in the OpenAPI document.
import type { Context } from 'hono'
import type { z } from 'zod'
import type { Access } from './access.ts'
import type { Caller } from './caller.ts'
import type { Where } from './where.ts'

export type OperationMethod = 'get' | 'put' | 'post' | 'delete'

/** The names in braces of a path. */
export type PathName<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | PathName<Rest>
  : never

/** What a handler is called with; everything in it has been checked. */
export interface Call<Path extends string = string, Query = unknown, Body = unknown> {
  /** Parts of the path, decoded. Bytes that are no UTF-8 are text as `nameFromBytes` makes it. */
  readonly names: Readonly<Record<PathName<Path>, string>>
  readonly query: Query
  readonly body: Body
  readonly caller: Caller
  /** For headers, raw bodies and streams. */
  readonly context: Context
}

/** What an operation answers by status: a schema of its JSON, or in words what it means where there is none. */
export type Answers = Readonly<Record<number, z.ZodType | string>>

interface OperationFacts<Path extends string> {
  readonly method: OperationMethod
  /** Behind `/api`, with names in braces: `/queues/{vhost}/{name}`. */
  readonly path: Path
  /** One line for who reads the document. */
  readonly summary: string
  /** Under what it is listed there. */
  readonly tag: string
  readonly access: Access
  /** In a cluster; left out, the cell of the virtual host in the path. */
  readonly where?: Where
  /** The log does not tell it, though its method is one that changes things: it only looks, or what it changes are messages. */
  readonly isUntold?: boolean
  readonly answers: Answers
  /** It answers with something else than one piece of JSON, or for ever, so there is no live view of it. */
  readonly isStream?: boolean
  /** It answers with something of the login itself, so that not all logins of a user are answered alike. */
  readonly isPersonal?: boolean
  /** JSON Schemas by media type of a body that the handler reads by itself. */
  readonly rawBody?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** The one list of the body whose items may also come one on each line (`application/x-ndjson`). */
  readonly lines?: string
  /** Bytes of a body; left out, `networkLimits.httpBodySizeMax`. */
  readonly bodySizeMax?: number
}

/** What `operation` is called with. */
export interface OperationAsked<Path extends string, Query, Body> extends OperationFacts<Path> {
  /** Parameters behind the question mark, which come as text. */
  readonly query?: z.ZodType<Query>
  /** JSON; an empty body is `{}`, as in RabbitMQ. Left out, the body is not read. */
  readonly body?: z.ZodType<Body>
  /** Answers with JSON and status 200, or with a response of its own. */
  readonly handle: (call: Call<Path, Query, Body>) => unknown
}

export interface Operation extends OperationFacts<string> {
  readonly query: z.ZodType | undefined
  readonly body: z.ZodType | undefined
  readonly handle: (call: Call) => unknown
}

/** Describes one operation; its handler sees the types of its schemas. */
export function operation<Path extends string, Query = undefined, Body = undefined>(
  asked: OperationAsked<Path, Query, Body>,
): Operation {
  const { query, body, handle } = asked
  return { ...asked, query, body, handle: (call) => handle(call as Call<Path, Query, Body>) }
}

/** Where it is answered in a cluster; undefined for what nobody has said it of. */
export function whereOf({ where, path }: Pick<Operation, 'where' | 'path'>): Where | undefined {
  return where ?? (path.includes('{vhost}') ? 'vhost' : undefined)
}

/** The names in braces of `path`, in order. */
export function pathNames(path: string): string[] {
  return Array.from(path.matchAll(/\{([^}]+)\}/g), ([, name = '']) => name)
}

/** Whether it is Pabal's own, and not of RabbitMQ's API. */
export function isOwnPath(path: string): boolean {
  return path.startsWith('/v1/')
}
