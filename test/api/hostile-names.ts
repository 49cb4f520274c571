// Names as nobody would choose them, in the form in which a path has them.

export const hostileSegments: readonly string[] = [
  'a%2Fb',
  '..',
  '.',
  '%2E%2E',
  '%2e%2e%2f%2e%2e',
  '%25',
  '%252F',
  '%F0%9F%98%80',
  // 255 bytes are the longest name that AMQP has.
  'x'.repeat(255),
  'x'.repeat(256),
  encodeURIComponent('é'.repeat(128)),
  // Bytes that are no UTF-8, and a surrogate without its other half.
  '%FF',
  'a%FE%FFb',
  '%ED%A0%80',
  '%00',
  '%20',
  '+',
  '*',
  '%3F%23',
  '%22%3Cscript%3E',
  '%E2%80%AE',
  '__proto__',
  'constructor',
  'none,classic',
]

/** No path at all: a percent sign without two digits. */
export const brokenSegments: readonly string[] = ['%', '%zz', 'a%2']
