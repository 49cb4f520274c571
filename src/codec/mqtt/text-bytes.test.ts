import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isText, isTopicFilter, isTopicName } from './text-bytes.ts'

function asText(bytes: Uint8Array): boolean {
  return isText(Buffer.from(bytes), 0, bytes.length)
}

function check(judge: typeof isText, text: string): boolean {
  const bytes = Buffer.from(`#${text}#`)
  return judge(bytes, 1, bytes.length - 1)
}

/** What the standard forbids or lets a receiver refuse (section 1.5.4). */
// oxlint-disable-next-line no-control-regex -- control characters are what is refused
const refused = /[\0-\u001f\u007f-\u009f\ufdd0-\ufdef]/u

function hasNonCharacter(text: string): boolean {
  return Array.from(text).some((one) => ((one.codePointAt(0) as number) & 0xfffe) === 0xfffe)
}

test('[MQTT-1.5.4-1] text is UTF-8 as Node knows it, less what may be refused', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const isAllowed = !refused.test(text) && !hasNonCharacter(text)
      assert.equal(check(isText, text), isAllowed)
    }),
  )
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = Buffer.from(bytes).toString()
      const isAllowed = isUtf8(bytes) && !refused.test(text) && !hasNonCharacter(text)
      assert.equal(asText(bytes), isAllowed)
    }),
    { numRuns: 1000 },
  )
})

test('[MQTT-1.5.4-1] [MQTT-1.5.4-2] surrogates, overlong forms and U+0000 are no text', () => {
  const wrong = [
    [0xed, 0xa0, 0x80], // U+D800
    [0xed, 0xbf, 0xbf], // U+DFFF
    [0xc0, 0x80], // overlong U+0000
    [0xc1, 0xbf],
    [0xe0, 0x9f, 0xbf],
    [0xf0, 0x8f, 0xbf, 0xbf],
    [0xf4, 0x90, 0x80, 0x80], // beyond U+10FFFF
    [0xf5, 0x80, 0x80, 0x80],
    [0x00],
    [0x61, 0x00],
    [0xe2, 0x82], // torn
    [0x80],
    [0xff],
  ]
  for (const bytes of wrong) assert.equal(asText(Buffer.from(bytes)), false, String(bytes))
  // [MQTT-1.5.4-3]: U+FEFF is a character like others.
  for (const text of ['', '\ufeff', '\ud7ff', '\ue000', '\u{10fffd}', '\u{2a6d4}']) {
    assert.equal(check(isText, text), true, text)
  }
})

test('[MQTT-3.3.2-2] [MQTT-4.7.3-1] a topic name has at least one character and no wildcard', () => {
  for (const topic of ['a', '/', '//', 'a b', '$SYS/x', 'é', '€/x']) {
    assert.equal(check(isTopicName, topic), true, topic)
  }
  for (const topic of ['', '+', '#', 'a/#', 'a+', 'é/+', '€#', 'a\0', '\u0001']) {
    assert.equal(check(isTopicName, topic), false, topic)
  }
})

test('[MQTT-4.7.1-1] [MQTT-4.7.1-2] wildcards of a topic filter stand alone, # at its end', () => {
  for (const filter of [
    '#',
    '+',
    '/#',
    'a/#',
    '+/+',
    '+/#',
    '/+',
    'a/+/b',
    'é/+',
    '$share/g/#',
    '//',
  ]) {
    assert.equal(check(isTopicFilter, filter), true, filter)
  }
  for (const filter of [
    '',
    'a#',
    '#/a',
    'a+/b',
    '+a',
    'a/#/b',
    '##',
    '++',
    '#+',
    '+#',
    'é+',
    'a\0',
  ]) {
    assert.equal(check(isTopicFilter, filter), false, filter)
  }
})
