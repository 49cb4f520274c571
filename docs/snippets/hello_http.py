import base64, json
from urllib.request import Request, urlopen

def call(method, path, body):
    login = base64.b64encode(b"guest:guest").decode()
    headers = {"content-type": "application/json", "authorization": f"Basic {login}"}
    url = f"http://localhost:15672/api{path}"
    with urlopen(Request(url, json.dumps(body).encode(), headers, method=method)) as answer:
        return json.loads(answer.read() or "null")

call("PUT", "/queues/%2F/notes", {"durable": True})
call("POST", "/v1/streams/%2F/notes/messages", {"messages": [{"payload": "Hello, Pabal"}]})
[message] = call("POST", "/v1/queues/%2F/notes/receive", {"count": 1})["messages"]
print(message["payload"])
call("POST", "/v1/queues/%2F/notes/settle", {"ack": [message["receipt"]]})
