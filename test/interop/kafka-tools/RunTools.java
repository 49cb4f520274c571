import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.apache.kafka.common.utils.internals.Exit;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * Runs mains of Kafka's tools one after the other in one process, as starting each anew takes two seconds.
 * A line of JSON on stdin names one: {"main", "args", "input"}; a line on stdout answers: {"code", "output"}.
 */
final class RunTools {
  private static final ObjectMapper json = new ObjectMapper();

  /** No tool catches it: most catch exceptions. */
  private static final class Ended extends Error {}

  private static ByteArrayOutputStream output;
  /** The first code that the tool ended with, and what it had printed by then. */
  private static Integer code;
  private static String printed;

  /** What a tool wants to be done at the end of its process: here at its own. */
  private static final List<Runnable> hooks = new ArrayList<>();

  private static void end(int status, String message) {
    if (code == null) {
      if (message != null) System.err.println(message);
      code = status;
      printed = output.toString(UTF_8);
    }
    throw new Ended();
  }

  public static void main(String[] args) throws Exception {
    final PrintStream answers = System.out;
    final BufferedReader calls = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    Exit.setExitProcedure(RunTools::end);
    Exit.setHaltProcedure(RunTools::end);
    Exit.setShutdownHookAdder((name, hook) -> hooks.add(hook));
    for (String line = calls.readLine(); line != null; line = calls.readLine()) {
      answers.println(json.writeValueAsString(run(json.readTree(line))));
      answers.flush();
    }
  }

  private static Map<String, Object> run(JsonNode call) throws Exception {
    final String[] args = StreamSupport.stream(call.get("args").spliterator(), false).map(JsonNode::asText).toArray(String[]::new);
    output = new ByteArrayOutputStream();
    code = null;
    printed = null;
    final PrintStream stream = new PrintStream(output, true, UTF_8);
    System.setIn(new ByteArrayInputStream(call.get("input").asText().getBytes(UTF_8)));
    System.setOut(stream);
    System.setErr(stream);
    try {
      Class.forName(call.get("main").asText()).getMethod("main", String[].class).invoke(null, (Object) args);
    } catch (InvocationTargetException error) {
      if (code == null) {
        code = 1;
        stream.println(error.getCause());
      }
    }
    // What its author did not mean to be read comes after its end: a stack of our own error.
    final String seen = printed == null ? output.toString(UTF_8) : printed;
    output.reset();
    hooks.forEach(Runnable::run);
    hooks.clear();
    return Map.of("code", code == null ? 0 : code, "output", seen + output.toString(UTF_8));
  }
}
