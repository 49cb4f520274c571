import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { cautionsOf, whyNoFilter, whyNoMatch, whyNoTopic } from './explain-filter.ts'
import { isTopicName, matchesTopic, parseTopicFilter } from './topic-filter.ts'

const level = fc.constantFrom('a', 'b', 'A', '', '+', '#', '$SYS', '$share', 'a+', '#b', ' ', '\0')
const texts = fc.array(level, { minLength: 1, maxLength: 5 }).map((levels) => levels.join('/'))

describe('why a text is no topic filter', () => {
  it('is said of exactly those that are none', () => {
    fc.assert(
      fc.property(texts, (text) => {
        assert.equal(whyNoFilter(text) === undefined, parseTopicFilter(text) !== undefined)
      }),
    )
  })

  it('names what is wrong, and where [MQTT-4.7.1-2] [MQTT-4.7.1-3] [MQTT-4.8.2-1]', () => {
    const why: Readonly<Record<string, RegExp>> = {
      '': /at least one character/,
      'a/#/b': /'#' .* it is the last: level 2 of 3/,
      'a/b+': /'\+' stands for a whole level: 'b\+' in level 2/,
      '$share//a': /the group has no name/,
      '$share/g': /no filter behind the group/,
      '$share/g+/a': /a group's name has no '\+'/,
      '$share/g/a#': /'#' stands for a whole level/,
      [`$share/g/${'a'.repeat(250)}`]: /it has 259 bytes, and 255 are allowed/,
    }
    for (const [text, pattern] of Object.entries(why))
      assert.match(whyNoFilter(text) ?? '', pattern)
  })
})

describe('why a filter does not have a topic', () => {
  it('is said of exactly those that it does not have', () => {
    const filters = texts.filter((text) => parseTopicFilter(text)?.share === undefined)
    const topics = texts.filter(isTopicName)
    fc.assert(
      fc.property(filters, topics, (filter, topic) => {
        fc.pre(parseTopicFilter(filter) !== undefined)
        assert.equal(whyNoMatch(filter, topic) === undefined, matchesTopic(filter, topic))
      }),
    )
  })

  it('names the first level that differs', () => {
    assert.match(whyNoMatch('a/b', 'a/B') ?? '', /level 2 is 'B' .* 'b' .*capital letters count/)
    assert.match(whyNoMatch('a/+', 'a/b/c') ?? '', /ends after level 2, and the topic has 3/)
    assert.match(whyNoMatch('a/b/c', 'a') ?? '', /the topic ends after level 1/)
    assert.match(whyNoMatch('#', '$SYS/broker/version') ?? '', /begin with \$/)
  })
})

it('a topic has no wildcards, and is no longer than a routing key', () => {
  assert.equal(whyNoTopic('a b/ü'), undefined)
  for (const text of ['', 'a/+', '#', '$SYS/x', 'é'.repeat(128)]) {
    assert.notEqual(whyNoTopic(text), undefined)
  }
})

it('a filter that may not be meant so has a word of caution', () => {
  const counts = ['a/b', '+/a', '/a', 'a/', 'a /b', 'a/*'].map((text) => cautionsOf(text).length)
  assert.deepEqual(counts, [0, 1, 1, 1, 1, 1])
})
