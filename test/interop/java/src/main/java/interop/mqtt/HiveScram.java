package interop.mqtt;

import com.hivemq.client.mqtt.MqttClient;
import com.hivemq.client.mqtt.datatypes.MqttQos;
import com.hivemq.client.mqtt.datatypes.MqttUtf8String;
import com.hivemq.client.mqtt.mqtt5.Mqtt5AsyncClient;
import com.hivemq.client.mqtt.mqtt5.Mqtt5ClientConfig;
import com.hivemq.client.mqtt.mqtt5.auth.Mqtt5EnhancedAuthMechanism;
import com.hivemq.client.mqtt.mqtt5.exceptions.Mqtt5ConnAckException;
import com.hivemq.client.mqtt.mqtt5.message.auth.Mqtt5Auth;
import com.hivemq.client.mqtt.mqtt5.message.auth.Mqtt5AuthBuilder;
import com.hivemq.client.mqtt.mqtt5.message.auth.Mqtt5EnhancedAuth;
import com.hivemq.client.mqtt.mqtt5.message.auth.Mqtt5EnhancedAuthBuilder;
import com.hivemq.client.mqtt.mqtt5.message.connect.Mqtt5Connect;
import com.hivemq.client.mqtt.mqtt5.message.connect.connack.Mqtt5ConnAck;
import com.hivemq.client.mqtt.mqtt5.message.disconnect.Mqtt5Disconnect;
import interop.Report;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import javax.crypto.Mac;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;

/** HiveMQ's client logs in by SCRAM (MQTT 5, section 4.12): HiveScram HOST:PORT USER PASSWORD. */
public final class HiveScram implements Mqtt5EnhancedAuthMechanism {
    private final String digest;
    private final String user;
    private final String password;
    private final List<String> seen = new ArrayList<>();
    private String bare;
    private byte[] serverProof;

    private HiveScram(String digest, String user, String password) {
        this.digest = digest;
        this.user = user;
        this.password = password;
    }

    public static void main(String[] args) throws Exception {
        for (String digest : List.of("256", "512")) {
            HiveScram right = new HiveScram(digest, args[1], args[2]);
            Report.step("SCRAM-SHA-" + digest, () -> right.login(args[0], true));
            HiveScram wrong = new HiveScram(digest, args[1], "wrong");
            Report.step("wrong " + digest, () -> wrong.login(args[0], false));
        }
        System.exit(0);
    }

    /** Logs in, publishes, shows again who it is, publishes. */
    private Map<String, Object> login(String address, boolean isRight) throws Exception {
        String[] parts = address.split(":");
        Mqtt5AsyncClient client =
                MqttClient.builder()
                        .useMqttVersion5()
                        .serverHost(parts[0])
                        .serverPort(Integer.parseInt(parts[1]))
                        .enhancedAuth(this)
                        .buildAsync();
        try {
            finish(client.connect());
            finish(client.publishWith().topic("scram").qos(MqttQos.AT_LEAST_ONCE).send());
            finish(client.reauth());
            finish(client.publishWith().topic("scram").qos(MqttQos.AT_LEAST_ONCE).send());
            finish(client.disconnect());
        } catch (Mqtt5ConnAckException error) {
            if (isRight) throw error;
            return Report.result("seen", seen, "code", error.getMqttMessage().getReasonCode().getCode());
        }
        return Report.result("seen", seen);
    }

    private static <T> T finish(CompletableFuture<T> future) throws Exception {
        try {
            return future.get(20, TimeUnit.SECONDS);
        } catch (ExecutionException error) {
            throw error.getCause() instanceof Exception cause ? cause : error;
        }
    }

    @Override
    public MqttUtf8String getMethod() {
        return MqttUtf8String.of("SCRAM-SHA-" + digest);
    }

    @Override
    public int getTimeout() {
        return 10;
    }

    @Override
    public CompletableFuture<Void> onAuth(
            Mqtt5ClientConfig config, Mqtt5Connect connect, Mqtt5EnhancedAuthBuilder auth) {
        auth.data(first());
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletableFuture<Void> onReAuth(Mqtt5ClientConfig config, Mqtt5AuthBuilder auth) {
        auth.data(first());
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletableFuture<Boolean> onContinue(
            Mqtt5ClientConfig config, Mqtt5Auth auth, Mqtt5AuthBuilder answer) {
        seen.add("challenge");
        try {
            answer.data(prove(text(auth.getData().orElseThrow())));
            return CompletableFuture.completedFuture(true);
        } catch (GeneralSecurityException error) {
            return CompletableFuture.failedFuture(error);
        }
    }

    @Override
    public CompletableFuture<Boolean> onAuthSuccess(Mqtt5ClientConfig config, Mqtt5ConnAck connack) {
        return CompletableFuture.completedFuture(isProved(connack.getEnhancedAuth().orElseThrow(), "connack"));
    }

    @Override
    public CompletableFuture<Boolean> onReAuthSuccess(Mqtt5ClientConfig config, Mqtt5Auth auth) {
        return CompletableFuture.completedFuture(isProved(auth, "auth"));
    }

    @Override
    public void onAuthRejected(Mqtt5ClientConfig config, Mqtt5ConnAck connack) {
        seen.add("rejected");
    }

    @Override
    public void onReAuthRejected(Mqtt5ClientConfig config, Mqtt5Disconnect disconnect) {
        seen.add("rejected again");
    }

    @Override
    public void onAuthError(Mqtt5ClientConfig config, Throwable cause) {
        seen.add("error");
    }

    @Override
    public void onReAuthError(Mqtt5ClientConfig config, Throwable cause) {
        seen.add("error again");
    }

    private byte[] first() {
        bare = "n=" + user + ",r=" + UUID.randomUUID();
        return ("n,," + bare).getBytes(StandardCharsets.UTF_8);
    }

    /** RFC 5802, section 3. */
    private byte[] prove(String challenge) throws GeneralSecurityException {
        String[] parts = challenge.split(",");
        byte[] salt = Base64.getDecoder().decode(parts[1].substring(2));
        int iterations = Integer.parseInt(parts[2].substring(2));
        PBEKeySpec spec =
                new PBEKeySpec(password.toCharArray(), salt, iterations, Integer.parseInt(digest));
        byte[] salted =
                SecretKeyFactory.getInstance("PBKDF2WithHmacSHA" + digest)
                        .generateSecret(spec)
                        .getEncoded();
        String withoutProof = "c=biws," + parts[0];
        String transcript = bare + "," + challenge + "," + withoutProof;
        byte[] clientKey = sign(salted, "Client Key");
        byte[] signature = sign(MessageDigest.getInstance("SHA-" + digest).digest(clientKey), transcript);
        for (int n = 0; n < clientKey.length; n++) clientKey[n] ^= signature[n];
        serverProof = sign(sign(salted, "Server Key"), transcript);
        return (withoutProof + ",p=" + Base64.getEncoder().encodeToString(clientKey))
                .getBytes(StandardCharsets.UTF_8);
    }

    private byte[] sign(byte[] key, String text) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA" + digest);
        mac.init(new SecretKeySpec(key, mac.getAlgorithm()));
        return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    }

    private boolean isProved(Mqtt5EnhancedAuth auth, String where) {
        seen.add(where);
        return text(auth.getData().orElseThrow())
                .equals("v=" + Base64.getEncoder().encodeToString(serverProof));
    }

    private static String text(ByteBuffer data) {
        return StandardCharsets.UTF_8.decode(data).toString();
    }
}
