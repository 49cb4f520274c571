// Reads the AMQP 0-9-1 specification and our supplement into one plain model.
// Order is the specification's; everything the generator needs is resolved here (domains, labels).
import { readFileSync } from 'node:fs'
import { XMLParser } from 'fast-xml-parser'

/** Elementary wire types of AMQP 0-9-1, section 4.2.1. */
export type WireType =
  | 'bit'
  | 'octet'
  | 'short'
  | 'long'
  | 'longlong'
  | 'shortstr'
  | 'longstr'
  | 'timestamp'
  | 'table'

export interface Field {
  /** Spelling of the specification, `routing-key`. */
  readonly name: string
  readonly type: WireType
  /** Always zero or empty on the wire; not part of the generated interface. */
  readonly isReserved: boolean
}

export interface Method {
  readonly className: string
  readonly name: string
  /** `classId << 16 | methodId`. */
  readonly id: number
  readonly hasContent: boolean
  readonly fields: readonly Field[]
}

export interface Constant {
  readonly name: string
  readonly value: number
  readonly severity: 'none' | 'soft' | 'hard'
}

export interface Specification {
  readonly constants: readonly Constant[]
  readonly classes: readonly { readonly name: string; readonly id: number }[]
  readonly methods: readonly Method[]
  /** Content properties of class basic, in the order of their flags. */
  readonly properties: readonly Field[]
}

type Attributes = Readonly<Record<string, string>>

interface FieldElement {
  readonly ':@': Attributes
}

interface MethodElement extends FieldElement {
  readonly field?: readonly FieldElement[]
}

interface ClassElement extends MethodElement {
  readonly method?: readonly MethodElement[]
}

interface Document {
  readonly constant?: readonly FieldElement[]
  readonly domain?: readonly FieldElement[]
  readonly class?: readonly ClassElement[]
}

const wireTypes: ReadonlySet<string> = new Set<WireType>([
  'bit',
  'octet',
  'short',
  'long',
  'longlong',
  'shortstr',
  'longstr',
  'timestamp',
  'table',
])

/** Parses both files; throws when they name something they do not define. */
export function readSpecification(): Specification {
  const base = parse('./amqp0-9-1.extended.xml')
  const supplement = parse('./supplement.xml')
  const classElements = mergeByName(base.class, supplement.class, (one, more) => ({
    ...one,
    field: mergeByName(one.field, more.field, relabel),
    method: mergeByName(one.method, more.method, (method, extra) => ({
      ...method,
      field: mergeByName(method.field, extra.field, relabel),
    })),
  }))
  const domains = new Map(
    [...(base.domain ?? []), ...(supplement.domain ?? [])].map((domain) => [
      attribute(domain, 'name'),
      attribute(domain, 'type'),
    ]),
  )
  const constants = mergeByName(base.constant, supplement.constant, (one) => one).map(toConstant)
  const basic = classElements.find((element) => attribute(element, 'name') === 'basic')
  return {
    constants: constants.toSorted((a, b) => a.value - b.value),
    classes: classElements
      .map((element) => ({ name: attribute(element, 'name'), id: index(element) }))
      .toSorted((a, b) => a.id - b.id),
    methods: classElements
      .flatMap((element) =>
        (element.method ?? []).map((method) => toMethod(element, method, domains)),
      )
      .toSorted((a, b) => a.id - b.id),
    properties: (basic?.field ?? []).map((field) => toField(field, domains)),
  }
}

function parse(path: string): Document {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    attributesGroupName: ':@',
    parseAttributeValue: false,
    isArray: (name) => ['constant', 'domain', 'class', 'method', 'field'].includes(name),
  })
  const parsed = parser.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as {
    amqp: Document
  }
  return parsed.amqp
}

function mergeByName<T extends FieldElement>(
  base: readonly T[] | undefined,
  supplement: readonly T[] | undefined,
  merge: (one: T, more: T) => T,
): T[] {
  const merged = new Map((base ?? []).map((element) => [attribute(element, 'name'), element]))
  for (const element of supplement ?? []) {
    const name = attribute(element, 'name')
    const existing = merged.get(name)
    merged.set(name, existing === undefined ? element : merge(existing, element))
  }
  return [...merged.values()]
}

function relabel(field: FieldElement, supplement: FieldElement): FieldElement {
  return { ':@': { ...field[':@'], name: attribute(supplement, 'label') } }
}

function toConstant(element: FieldElement): Constant {
  const errorClass = element[':@']['class']
  return {
    name: attribute(element, 'name'),
    value: Number(attribute(element, 'value')),
    severity: errorClass === undefined ? 'none' : errorClass === 'hard-error' ? 'hard' : 'soft',
  }
}

function toMethod(
  classElement: ClassElement,
  element: MethodElement,
  domains: ReadonlyMap<string, string>,
): Method {
  return {
    className: attribute(classElement, 'name'),
    name: attribute(element, 'name'),
    id: index(classElement) * 0x10000 + index(element),
    hasContent: element[':@']['content'] === '1',
    fields: (element.field ?? []).map((field) => toField(field, domains)),
  }
}

function toField(element: FieldElement, domains: ReadonlyMap<string, string>): Field {
  const name = attribute(element, 'name')
  const type = element[':@']['type'] ?? domains.get(attribute(element, 'domain')) ?? ''
  if (!wireTypes.has(type)) {
    throw new Error(`field ${name} has the unknown type "${type}"`)
  }
  return { name, type: type as WireType, isReserved: element[':@']['reserved'] === '1' }
}

function index(element: FieldElement): number {
  return Number(attribute(element, 'index'))
}

function attribute(element: FieldElement, name: string): string {
  const value = element[':@'][name]
  if (value === undefined) {
    throw new Error(`an element lacks ${name}: ${JSON.stringify(element)}`)
  }
  return value
}
