/** What has gone through all connections of MQTT since the start. */
export class TrafficCounts {
  packetsReceived = 0
  packetsSent = 0
  publishesReceived = 0
  publishesSent = 0
  /** Those that did not fit the client, or its output. */
  publishesDropped = 0
  publishBytesReceived = 0
  publishBytesSent = 0
  bytesReceived = 0
  bytesSent = 0
}
