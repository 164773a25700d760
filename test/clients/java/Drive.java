// Calls AWS operations through the SDK for Java v2: one for each line of standard input, answered by one line of standard output.
//
// Run as `java -cp 'lib/*' Drive.java`: there is nothing to build.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkGlobalTime;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.protocol.MarshallingType;
import software.amazon.awssdk.core.traits.ListTrait;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.protocols.jsoncore.JsonWriter;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.ssooidc.SsoOidcClient;
import software.amazon.awssdk.services.sts.StsClient;

public final class Drive {
    public static void main(String[] arguments) throws Exception {
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            Object answer = call(JsonNode.parser().parse(line).asObject());
            var writer = JsonWriter.create();
            write(writer, answer);
            System.out.write(writer.getBytes());
            System.out.println();
            System.out.flush();
        }
    }

    static Object call(Map<String, JsonNode> request) throws Exception {
        SdkGlobalTime.setGlobalTimeOffset(0); // learnt from a server whose clock a test moved, which is not that of the next one
        AwsClientBuilder<?, ?> builder = builder(request.get("service").asString());
        builder.region(Region.of(request.get("region").asString()));
        builder.endpointOverride(URI.create(request.get("endpoint").asString()));
        builder.credentialsProvider(credentials(request.get("key")));
        builder.overrideConfiguration(c -> c.retryStrategy(r -> r.maxAttempts(1)));
        Object client = builder.build();
        Method method = method(client, request.get("operation").asString());
        SdkPojo input = (SdkPojo) method.getParameterTypes()[0].getMethod("builder").invoke(null);
        fill(input, request.get("input").asObject());
        try {
            return Map.of("output", read((SdkPojo) method.invoke(client, build(input))));
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof AwsServiceException refused) {
                return Map.of("refusal", refusal(refused));
            }
            throw e;
        } finally {
            ((AutoCloseable) client).close();
        }
    }

    static AwsClientBuilder<?, ?> builder(String service) {
        return switch (service) {
            case "sso-oidc" -> SsoOidcClient.builder();
            case "sts" -> StsClient.builder();
            default -> throw new IllegalArgumentException("no library for " + service);
        };
    }

    static AwsCredentialsProvider credentials(JsonNode key) {
        if (key == null) {
            return AnonymousCredentialsProvider.create();
        }
        String id = text(key, "accessKeyId"), secret = text(key, "secretAccessKey"), session = text(key, "sessionToken");
        return StaticCredentialsProvider.create(
            session.isEmpty() ? AwsBasicCredentials.create(id, secret) : AwsSessionCredentials.create(id, secret, session));
    }

    static String text(JsonNode object, String member) {
        return object.field(member).map(JsonNode::asString).orElse("");
    }

    // method finds the operation that takes a request: the others of its name take a function that fills one.
    static Method method(Object client, String operation) throws NoSuchMethodException {
        for (Class<?> type : client.getClass().getInterfaces()) {
            for (Method method : type.getMethods()) {
                if (method.getName().equalsIgnoreCase(operation) && method.getParameterCount() == 1
                    && SdkRequest.class.isAssignableFrom(method.getParameterTypes()[0])) {
                    return method;
                }
            }
        }
        throw new NoSuchMethodException(operation);
    }

    static Object build(SdkPojo builder) throws ReflectiveOperationException {
        Method build = builder.getClass().getMethod("build");
        build.setAccessible(true);
        return build.invoke(builder);
    }

    static void fill(SdkPojo builder, Map<String, JsonNode> members) throws ReflectiveOperationException {
        for (var entry : members.entrySet()) {
            field(builder, entry.getKey()).set(builder, value(field(builder, entry.getKey()), entry.getValue()));
        }
    }

    static SdkField<?> field(SdkPojo pojo, String member) {
        for (SdkField<?> field : pojo.sdkFields()) {
            if (field.memberName().equalsIgnoreCase(member)) {
                return field;
            }
        }
        throw new IllegalArgumentException(pojo.getClass() + " has no member " + member);
    }

    static Object value(SdkField<?> field, JsonNode json) throws ReflectiveOperationException {
        MarshallingType<?> type = field.marshallingType();
        if (type == MarshallingType.LIST) {
            SdkField<?> element = field.getTrait(ListTrait.class).memberFieldInfo();
            var list = new ArrayList<>();
            for (JsonNode item : json.asArray()) {
                list.add(value(element, item));
            }
            return list;
        }
        if (type == MarshallingType.SDK_POJO) {
            SdkPojo builder = field.constructor().get();
            fill(builder, json.asObject());
            return build(builder);
        }
        return type == MarshallingType.INTEGER ? Integer.valueOf(json.asNumber()) : json.asString();
    }

    static Map<String, Object> read(SdkPojo pojo) {
        var members = new LinkedHashMap<String, Object>();
        for (SdkField<?> field : pojo.sdkFields()) {
            Object value = field.getValueOrDefault(pojo);
            if (value != null) {
                members.put(field.locationName(), plain(value));
            }
        }
        return members;
    }

    static Object plain(Object value) {
        if (value instanceof SdkPojo pojo) {
            return read(pojo);
        }
        if (value instanceof List<?> list) {
            return list.stream().map(Drive::plain).toList();
        }
        return value;
    }

    static Map<String, Object> refusal(AwsServiceException refused) {
        String name = refused.getClass().getSimpleName();
        Map<String, Object> its = read(refused);
        boolean typed = refused.getClass().getPackageName().endsWith(".model") && !(name.equals("SsoOidcException") || name.equals("StsException"));
        var answer = new LinkedHashMap<String, Object>();
        answer.put("exception", typed ? name : refused.awsErrorDetails().errorCode());
        answer.put("typed", typed);
        answer.put("error", its.getOrDefault("error", ""));
        answer.put("description", its.getOrDefault("error_description", ""));
        answer.put("message", refused.awsErrorDetails().errorMessage());
        answer.put("reason", its.getOrDefault("reason", ""));
        answer.put("endpoint", its.getOrDefault("endpoint", ""));
        answer.put("region", its.getOrDefault("region", ""));
        answer.put("status", refused.statusCode());
        answer.put("requestId", refused.requestId());
        return answer;
    }

    static void write(JsonWriter writer, Object value) {
        if (value instanceof Map<?, ?> object) {
            writer.writeStartObject();
            object.forEach((name, member) -> {
                writer.writeFieldName((String) name);
                write(writer, member);
            });
            writer.writeEndObject();
        } else if (value instanceof List<?> list) {
            writer.writeStartArray();
            list.forEach(item -> write(writer, item));
            writer.writeEndArray();
        } else if (value instanceof Integer number) {
            writer.writeValue(number);
        } else if (value instanceof Long number) {
            writer.writeValue(number);
        } else if (value instanceof Boolean flag) {
            writer.writeValue(flag);
        } else if (value instanceof Instant moment) {
            writer.writeValue(moment.toEpochMilli() / 1000.0);
        } else if (value == null) {
            writer.writeValue("");
        } else {
            writer.writeValue(value.toString());
        }
    }
}
