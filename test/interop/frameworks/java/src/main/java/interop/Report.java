package interop;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;

/** Prints one JSON line per step, for frameworks.test.ts. */
public final class Report {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long PATIENCE_NANOS = 20_000_000_000L;

  private Report() {}

  /** Settings of Spring for `host:port`, as program arguments. */
  public static String[] springArguments(String broker) {
    int colon = broker.lastIndexOf(':');
    return new String[] {
      "--spring.rabbitmq.host=" + broker.substring(0, colon),
      "--spring.rabbitmq.port=" + broker.substring(colon + 1),
      "--spring.main.banner-mode=off",
      "--spring.main.web-application-type=none",
      "--logging.level.root=off",
    };
  }

  /** Runs one step and prints its result or error; later steps run in any case. */
  public static void step(String name, Callable<Map<String, ?>> run) throws Exception {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("step", name);
    try {
      line.put("result", run.call());
    } catch (Exception error) {
      line.put("error", error.toString());
    }
    System.out.println(JSON.writeValueAsString(line));
  }

  /** Returns when the condition holds. */
  public static void until(String what, BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + PATIENCE_NANOS;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) throw new IllegalStateException("gave up waiting: " + what);
      Thread.sleep(20);
    }
  }
}
