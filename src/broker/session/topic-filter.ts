// Topic filters: `a/b`, with `+` for one level and `#` for the rest [MQTT-4.7.1-1 to -3], and shared ones,
// `$share/group/filter` [MQTT-4.8.2-1].

export interface TopicFilter {
  /** As it was asked for. */
  readonly text: string
  /** What topics are matched with: without the share. */
  readonly filter: string
  /** The group that shares what matches; undefined: it is the session's own. */
  readonly share: string | undefined
}

/** What a shared subscription begins with, and the name of its group's queue. */
export const shareStart = '$share/'

/** Undefined for what is no topic filter. */
export function parseTopicFilter(text: string): TopicFilter | undefined {
  if (!text.startsWith(shareStart)) {
    return isFilter(text) ? { text, filter: text, share: undefined } : undefined
  }
  const end = text.indexOf('/', shareStart.length)
  if (end < 0) return undefined
  const share = text.slice(shareStart.length, end)
  const filter = text.slice(end + 1)
  if (share === '' || /[+#]/.test(share) || !isFilter(filter)) return undefined
  return { text, filter, share }
}

/** Whether messages may be published to it [MQTT-3.3.2-2]. */
export function isTopicName(text: string): boolean {
  return text !== '' && !/[+#\0]/.test(text)
}

/** Topics that show what the broker does begin so: wildcards do not match them [MQTT-4.7.2-1]. */
export const systemStart = '$SYS'
/** A bridge of Mosquitto says there whether it stands, by itself and by its will (mosquitto.conf(5), notifications). */
const bridgeState = /^\$SYS\/broker\/connection\/[^/]+\/state$/

/** Whether it is one of those that only the broker publishes to. */
export function isSystemTopic(topic: string): boolean {
  return topic.startsWith(systemStart) && !bridgeState.test(topic)
}

/** Whether a filter's topics include this one. */
export function matchesTopic(filter: string, topic: string): boolean {
  const levels = filter.split('/')
  const asked = topic.split('/')
  if (topic.startsWith('$') && isWildcard(levels[0])) return false
  for (const [at, level] of levels.entries()) {
    if (level === '#') return true
    if (at >= asked.length || (level !== '+' && level !== asked[at])) return false
  }
  return levels.length === asked.length
}

function isFilter(text: string): boolean {
  if (text === '' || text.includes('\0')) return false
  if (!/[+#]/.test(text)) return true
  const levels = text.split('/')
  return levels.every((level, at) =>
    level === '#' ? at === levels.length - 1 : level === '+' || !/[+#]/.test(level),
  )
}

function isWildcard(level: string | undefined): boolean {
  return level === '+' || level === '#'
}
