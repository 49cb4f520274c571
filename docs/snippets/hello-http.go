package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

func main() {
	call("PUT", "/queues/%2F/notes", `{"durable": true}`)
	call("POST", "/v1/streams/%2F/notes/messages", `{"messages": [{"payload": "Hello, Pabal"}]}`)
	call("POST", "/v1/queues/%2F/notes/receive", `{"count": 1}`)
}

func call(method, path, body string) {
	url := "http://localhost:15672/api" + path
	request, _ := http.NewRequest(method, url, strings.NewReader(body))
	request.Header.Set("content-type", "application/json")
	request.SetBasicAuth("guest", "guest")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	answer, _ := io.ReadAll(response.Body)
	fmt.Println(string(answer))
}
