// What ACLs say to one user. Everyone who acts for the user asks the same object, from whatever address.
import { authLimits } from '../limits/auth.ts'
import type { AclResourceType, AclRow } from '../meta/acl-row.ts'
import {
  type AclBits,
  type AskedOperation,
  bitsOf,
  bitsOfAcl,
  noBits,
  sumOfBits,
  verdictOf,
} from './acl-bits.ts'
import { type Acls, isForHost, type NamedAcls, wildcard } from './acls.ts'

/** A name, and who asks for it. */
export interface AclAsked {
  readonly type: AclResourceType
  readonly name: string
  /** As `canonicalHost` writes it; undefined for somewhere. */
  readonly host: string | undefined
}

export type AclVerdict = 'allow' | 'deny' | undefined

export class UserAcls {
  readonly #acls: Acls
  readonly #user: string
  /** Nothing is denied to an administrator, as to a super user of Kafka. */
  readonly #isAdministrator: () => boolean
  readonly #known = new Map<string, NamedAcls>()
  #version = 0

  constructor(acls: Acls, user: string, isAdministrator: () => boolean) {
    this.#acls = acls
    this.#user = user
    this.#isAdministrator = isAdministrator
  }

  /** Nobody has any. */
  get isEmpty(): boolean {
    return this.#acls.isEmpty
  }

  /** Whether something is denied to the user. */
  get denySome(): boolean {
    return this.#acls.deny(this.#user) && !this.#isAdministrator()
  }

  /** Whether something is allowed to the user. */
  get allowSome(): boolean {
    return this.#acls.allow(this.#user)
  }

  /** What they say of all that `bits` stands for; undefined when they say nothing. */
  verdict(bits: number, asked: AclAsked): AclVerdict {
    const { allowed, denied } = this.#bitsOf(asked)
    const isDenied = denied !== 0 && !this.#isAdministrator()
    return verdictOf({ allowed, denied: isDenied ? denied : 0 }, bits)
  }

  /** The ACL that decides over an operation: a denial, if there is one. */
  findDeciding(operation: AskedOperation, { type, name, host }: AclAsked): AclRow | undefined {
    const bits = bitsOf(operation)
    const counting = this.#acls.matching(this.#user, type, name).filter((row) => {
      return isForHost(row, host) && verdictOf(bitsOfAcl(row), bits) !== undefined
    })
    const denial = counting.find(({ permission }) => permission === 'deny')
    if (denial !== undefined && !this.#isAdministrator()) return denial
    return counting.find(({ permission }) => permission === 'allow')
  }

  /**
   * Whether an operation is allowed on at least one name of a type that somebody might have (KIP-679). One that
   * is denied on all names it is not.
   */
  allowOnAny(
    operation: AskedOperation,
    type: AclResourceType,
    host: string | undefined,
  ): AclVerdict {
    if (this.#acls.isEmpty) return undefined
    const bits = bitsOf(operation)
    const counting = this.#acls.ofType(this.#user, type).filter((row) => {
      return isForHost(row, host) && verdictOf(bitsOfAcl(row), bits) !== undefined
    })
    const denials = this.#isAdministrator() ? [] : counting.filter(isDenial)
    if (denials.some(isForAll)) return 'deny'
    const isOpen = (row: AclRow): boolean => !denials.some((denial) => covers(denial, row))
    return counting.some((row) => !isDenial(row) && isOpen(row)) ? 'allow' : undefined
  }

  /** Whether an operation is denied on at least one name of a type. */
  denyOnAny(operation: AskedOperation, type: AclResourceType, host: string | undefined): boolean {
    if (this.#acls.isEmpty || this.#isAdministrator()) return false
    const bits = bitsOf(operation)
    return this.#acls.ofType(this.#user, type).some((row) => {
      return isDenial(row) && isForHost(row, host) && verdictOf(bitsOfAcl(row), bits) === 'deny'
    })
  }

  #bitsOf({ type, name, host }: AclAsked): AclBits {
    const { anywhere, byHost } = this.#named(type, name)
    if (byHost === undefined || host === undefined) return anywhere
    return sumOfBits(anywhere, byHost.get(host) ?? noBits)
  }

  #named(type: AclResourceType, name: string): NamedAcls {
    if (this.#version !== this.#acls.version) {
      this.#known.clear()
      this.#version = this.#acls.version
    }
    const key = `${type} ${name}`
    const before = this.#known.get(key)
    if (before !== undefined) return before
    const named = this.#acls.named(this.#user, type, name)
    // Ids of Kafka's groups may be longer than any name.
    if (name.length > authLimits.nameSizeMax) return named
    if (this.#known.size >= authLimits.rightsKnownMax) this.#known.clear()
    this.#known.set(key, named)
    return named
  }
}

function isDenial({ permission }: AclRow): boolean {
  return permission === 'deny'
}

function isForAll({ patternType, name }: AclRow): boolean {
  return patternType === 'literal' && name === wildcard
}

/** Whether a denial takes away all that another ACL allows. */
function covers(denial: AclRow, allowed: AclRow): boolean {
  if (isForAll(allowed)) return false
  if (denial.patternType === 'prefixed') return allowed.name.startsWith(denial.name)
  return allowed.patternType === 'literal' && denial.name === allowed.name
}
