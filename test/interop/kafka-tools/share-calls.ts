// What Kafka's tools for share groups are asked (KIP-932). The topic `tools` is there.
import type { Tool } from './calls.ts'

const tools = 'org.apache.kafka.tools'
const group = '--group sharers'

/** In the order in which they are called. */
export const shareTools: readonly Tool[] = [
  {
    name: 'kafka-console-share-consumer',
    main: `${tools}.consumer.ConsoleShareConsumer`,
    calls: [
      {
        step: 'join a group',
        args: `--topic tools ${group} --timeout-ms 500`,
        says: /Processed a total of 0 messages/,
      },
    ],
  },
  {
    name: 'kafka-share-groups',
    main: `${tools}.consumer.group.ShareGroupCommand`,
    calls: [
      { step: 'list', args: '--list --state', says: /sharers +Empty/ },
      {
        step: 'describe',
        args: `--describe ${group}`,
        says: /sharers +tools +0 +\d+ +0\b/,
      },
      {
        step: 'describe members',
        args: `--describe ${group} --members --verbose`,
        says: /has no active members/,
      },
      {
        step: 'describe state',
        args: `--describe ${group} --state`,
        says: /sharers +127\.0\.0\.1:\d+ +\(1\) +Empty +0/,
      },
      {
        step: 'describe one that is not there',
        args: '--describe --group absent',
        says: /Group absent not found/,
      },
      {
        step: 'reset to earliest',
        args: `--reset-offsets ${group} --topic tools --to-earliest --execute`,
        says: /sharers +tools +0 +1\b/,
      },
      {
        step: 'delete offsets',
        args: `--delete-offsets ${group} --topic tools`,
        says: /tools +Successful/,
      },
      { step: 'delete', args: `--delete ${group}`, says: /successful/ },
      {
        step: 'delete one that is not there',
        args: `--delete ${group}`,
        says: /could not be deleted/,
      },
    ],
  },
]
