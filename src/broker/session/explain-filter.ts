// What is wrong with a topic filter or a topic, and why a filter does not have a topic: for people who look for it.
import { sessionLimits } from '../../limits/session.ts'
import { keyOfTopic } from '../../record/message/published-topic.ts'
import { isSystemTopic, parseTopicFilter, shareStart } from './topic-filter.ts'

/** Why a text is no topic filter [MQTT-4.7.1-1 to -3], [MQTT-4.8.2-1]; undefined when it is one. */
export function whyNoFilter(text: string): string | undefined {
  const parsed = parseTopicFilter(text)
  if (parsed !== undefined) return parsed.share === undefined ? undefined : whyTooLong(text)
  if (!text.startsWith(shareStart)) return whyNoPlainFilter(text)
  const [share = '', ...levels] = text.slice(shareStart.length).split('/')
  if (share === '') return 'the group has no name: $share/GROUP/FILTER'
  if (/[+#]/.test(share)) return `a group's name has no '+' and no '#': '${share}'`
  if (levels.length === 0) return 'there is no filter behind the group: $share/GROUP/FILTER'
  return whyNoPlainFilter(levels.join('/'))
}

/** Why nothing can be published to a topic [MQTT-3.3.2-2], [MQTT-4.7.3-1]; undefined when it can. */
export function whyNoTopic(text: string): string | undefined {
  if (text === '') return 'a topic has at least one character'
  const wildcard = /[+#]/.exec(text)?.[0]
  if (wildcard !== undefined) return `messages have no wildcards in their topics: '${wildcard}'`
  if (isSystemTopic(text)) return 'topics below $SYS are what the broker says of itself'
  return whyTooLong(text)
}

/** What somebody may not have meant, though the filter can be used. */
export function cautionsOf(filter: string): string[] {
  const levels = filter.split('/')
  const cautions: string[] = []
  if (levels[0] === '+' || levels[0] === '#') {
    cautions.push('It begins with a wildcard, so it has no topics that begin with $.')
  }
  if (filter.startsWith('/')) {
    cautions.push(
      "It begins with '/': its first level is empty, and '/a' is another topic than 'a'.",
    )
  }
  if (filter.length > 1 && filter.endsWith('/')) {
    cautions.push("It ends with '/': its last level is empty, and 'a/' is another topic than 'a'.")
  }
  if (levels.some((level) => level !== level.trim())) {
    cautions.push('A level begins or ends with a space, which counts as any other character.')
  }
  if (filter.includes('*')) {
    cautions.push("'*' is no wildcard in MQTT: one level is '+', all that follow are '#'.")
  }
  return cautions
}

/** Why a filter does not have a topic; undefined when it has. Both can be used. */
export function whyNoMatch(filter: string, topic: string): string | undefined {
  const levels = filter.split('/')
  const names = topic.split('/')
  const isWild = levels[0] === '+' || levels[0] === '#'
  if (topic.startsWith('$') && isWild) {
    return 'topics that begin with $ are not for filters that begin with a wildcard'
  }
  for (const [at, level] of levels.entries()) {
    if (level === '#') return undefined
    const name = names[at]
    if (name === undefined) {
      return `the topic ends after level ${names.length}, and the filter has ${levels.length}`
    }
    if (level === '+' || level === name) continue
    const hint = level.toLowerCase() === name.toLowerCase() ? ': capital letters count' : ''
    return `level ${at + 1} is '${name}' in the topic and '${level}' in the filter${hint}`
  }
  if (names.length === levels.length) return undefined
  return `the filter ends after level ${levels.length}, and the topic has ${names.length}: '#' at the end has all below`
}

function whyNoPlainFilter(text: string): string | undefined {
  if (text === '') return 'a filter has at least one character'
  if (text.includes('\0')) return 'it has a NUL character'
  const levels = text.split('/')
  for (const [at, level] of levels.entries()) {
    if (level === '#' && at < levels.length - 1) {
      return `'#' stands for all levels that follow, so it is the last: level ${at + 1} of ${levels.length}`
    }
    const wildcard = /[+#]/.exec(level)?.[0]
    if (wildcard !== undefined && level.length > 1) {
      return `'${wildcard}' stands for a whole level: '${level}' in level ${at + 1}`
    }
  }
  return undefined
}

/** Topics are routing keys as well, and shared subscriptions are names of queues. */
function whyTooLong(text: string): string | undefined {
  const size = Buffer.byteLength(keyOfTopic(text))
  const { topicSizeMax } = sessionLimits
  return size > topicSizeMax ? `it has ${size} bytes, and ${topicSizeMax} are allowed` : undefined
}
