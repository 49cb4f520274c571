import java.net.*;
import java.net.http.*;
import java.util.Base64;

class HelloHttp {
  public static void main(String[] args) throws Exception {
    System.out.println(call("PUT", "/queues/%2F/notes", "{\"durable\": true}"));
    var hello = "{\"messages\": [{\"payload\": \"Hello, Pabal\"}]}";
    System.out.println(call("POST", "/v1/streams/%2F/notes/messages", hello));
    System.out.println(call("POST", "/v1/queues/%2F/notes/receive", "{\"count\": 1}"));
  }

  static String call(String method, String path, String body) throws Exception {
    var login = Base64.getEncoder().encodeToString("guest:guest".getBytes());
    var request = HttpRequest.newBuilder(URI.create("http://localhost:15672/api" + path))
        .method(method, HttpRequest.BodyPublishers.ofString(body))
        .header("content-type", "application/json").header("authorization", "Basic " + login);
    var strings = HttpResponse.BodyHandlers.ofString();
    return HttpClient.newHttpClient().send(request.build(), strings).body();
  }
}
