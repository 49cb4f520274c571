// What stands where nobody has come by MQTT: how to connect.
import type { ComponentChildren, JSX } from 'preact'
import type { HomeJson } from '../../../src/admin/v1/home/home-json.ts'
import { caller, shellQuoted } from '../../lib/api.ts'
import { useLive } from '../../lib/live.ts'
import { CodeBlock } from '../../parts/code-block.tsx'
import { Empty } from '../../parts/notes.tsx'

export function HowToConnect({
  title,
  text,
}: {
  readonly title: string
  readonly text: ComponentChildren
}): JSX.Element {
  const { data } = useLive<HomeJson>('/v1/home')
  // Whoever runs it knows the password; the page does not.
  const user = caller.value
  const who = { user, password: user === 'guest' ? 'guest' : 'PASSWORD' }
  const port = data?.listeners.find(({ service }) => service === 'mqtt')?.port
  return (
    <>
      <Empty
        title={title}
        text={text}
        action={<a href="/start?protocol=mqtt">First steps with MQTT</a>}
      />
      {data !== undefined && port === undefined && (
        <p class="soft">
          No port for MQTT is open. <code>mqtt-port</code> opens one, usually 1883.
        </p>
      )}
      {port !== undefined && (
        <div class="mqtt-connect">
          <CodeBlock label="With mosquitto_pub" code={mosquitto({ ...who, port })} />
          <CodeBlock label="With MQTT.js" code={mqttJs({ ...who, port })} />
        </div>
      )}
    </>
  )
}

interface Reached {
  readonly port: number
  readonly user: string
  readonly password: string
}

function mosquitto({ port, user, password }: Reached): string {
  const who = `-h ${location.hostname} -p ${port} -u ${shellQuoted(user)} -P ${password}`
  return [
    `mosquitto_sub ${who} -i first -c -q 1 -t 'sensors/#' &`,
    `mosquitto_pub ${who} -r -q 1 -t sensors/kitchen/temperature -m 21.5`,
  ].join('\n')
}

function mqttJs({ port, user, password }: Reached): string {
  const who = JSON.stringify({ username: user, password })
  return [
    "import mqtt from 'mqtt'",
    `const client = await mqtt.connectAsync('mqtt://${location.hostname}:${port}', ${who})`,
    "await client.publishAsync('sensors/kitchen/temperature', '21.5', { retain: true, qos: 1 })",
  ].join('\n')
}
