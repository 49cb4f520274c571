api=http://guest:guest@localhost:15672/api
curl -X PUT --json '{"durable": true}' $api/queues/%2F/notes
hello='{"messages": [{"payload": "Hello, Pabal"}]}'
curl --json "$hello" $api/v1/streams/%2F/notes/messages; echo
curl --json '{"count": 1}' $api/v1/queues/%2F/notes/receive; echo
