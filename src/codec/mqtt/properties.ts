// The properties of a packet as its reader gives them and its writer takes them. Which of them are legal in which
// packet says `property-table.ts`. Texts are strings, because MQTT's text is always whole UTF-8; what is binary is a
// view that is good only during the call.

/** User properties as the packet has them: name, value, name, value … in their order, doubled names as well. */
export type UserProperties = string[]

export interface Properties {
  /** 1: the payload is text (UTF-8). */
  payloadFormat?: number
  /** Seconds. */
  messageExpiry?: number
  contentType?: string
  responseTopic?: string
  correlationData?: Buffer
  /** Of a SUBSCRIBE. */
  subscriptionId?: number
  /** Of a PUBLISH to a client. */
  subscriptionIds?: number[]
  /** Seconds; 0xFFFFFFFF is never. */
  sessionExpiry?: number
  assignedClientId?: string
  /** Seconds. */
  serverKeepAlive?: number
  authenticationMethod?: string
  authenticationData?: Buffer
  requestProblemInformation?: number
  /** Seconds. */
  willDelay?: number
  requestResponseInformation?: number
  responseInformation?: string
  serverReference?: string
  reason?: string
  receiveMax?: number
  topicAliasMax?: number
  topicAlias?: number
  /** 0 or 1; 2 is said by leaving it out. */
  maximumQos?: number
  retainAvailable?: number
  userProperties?: UserProperties
  packetSizeMax?: number
  wildcardAvailable?: number
  subscriptionIdsAvailable?: number
  sharedAvailable?: number
}

/** Of packets that have none. Not to be modified. */
export const noProperties: Readonly<Properties> = Object.freeze({})

/** One value of a property. */
export type PropertyValue = number | string | Buffer | UserProperties

/** What names a property and says of what type its value is. */
interface PropertyKey {
  readonly key: keyof Properties
}

/** The value has the type that the table says, which is that of its key. */
export function setProperty(into: Properties, { key }: PropertyKey, value: PropertyValue): void {
  Object.assign(into, { [key]: value })
}

/** The same for one that may be there more than once. */
export function appendProperty(into: Properties, { key }: PropertyKey, value: PropertyValue): void {
  const list: Array<number | string> = (into[key] as Array<number | string> | undefined) ?? []
  if (Array.isArray(value)) list.push(...value)
  else list.push(value as number)
  Object.assign(into, { [key]: list })
}
