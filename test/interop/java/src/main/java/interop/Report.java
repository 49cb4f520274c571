package interop;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;

/** Prints one JSON line per step, for test/interop/interop.test.ts. */
public final class Report {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Report() {}

    /** Runs one step and prints its result or error; later steps run in any case. */
    public static void step(String name, Callable<Map<String, Object>> run) throws Exception {
        try {
            print(Map.of("step", name, "result", run.call()));
        } catch (Exception error) {
            print(Map.of("step", name, "error", error.toString()));
        }
    }

    private static void print(Map<String, Object> line) throws Exception {
        System.out.println(JSON.writeValueAsString(line));
    }

    /** Pairs of name and value; unlike Map.of, a value may be null. */
    public static Map<String, Object> result(Object... pairs) {
        Map<String, Object> result = new HashMap<>();
        for (int n = 0; n < pairs.length; n += 2) result.put((String) pairs[n], pairs[n + 1]);
        return result;
    }

    /** Polls a condition for 20 seconds. */
    public static void until(String what, BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + 20_000_000_000L;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) throw new IllegalStateException("gave up waiting: " + what);
            Thread.sleep(10);
        }
    }

    /** What look finds once it equals wanted; Kafka knows a change a moment after it said so. */
    static Map<String, Object> eventually(Map<String, Object> wanted, Callable<Map<String, Object>> look)
            throws Exception {
        long end = System.nanoTime() + 10_000_000_000L;
        Map<String, Object> found = look.call();
        while (!found.equals(wanted) && System.nanoTime() < end) {
            Thread.sleep(20);
            found = look.call();
        }
        return found;
    }

    /** One record as the checks need it. */
    record Seen(String key, String value) {}

    /** Twelve values per codec; their numbers rise within a codec and key. */
    static Map<String, Object> checkBatches(List<String> codecs, List<Seen> seen) {
        Set<String> values = new HashSet<>();
        Map<String, Integer> last = new HashMap<>();
        boolean inOrder = true;
        for (Seen each : seen) {
            String[] parts = each.value().split("-");
            Integer before = last.put(parts[0] + " " + each.key(), Integer.valueOf(parts[1]));
            if (before != null && before >= Integer.parseInt(parts[1])) inOrder = false;
            values.add(each.value());
        }
        int missing = 0;
        for (String codec : codecs)
            for (int n = 0; n < 12; n += 1) if (!values.contains(codec + "-" + n)) missing += 1;
        return result("missing", missing, "again", seen.size() - values.size(), "keysInOrder", inOrder);
    }
}
