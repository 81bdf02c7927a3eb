import java.io.ByteArrayInputStream;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * A client in Java: a body from a stream has no length, so HttpClient sends it in chunks. It also offers HTTP/2 in each request.
 *
 * <p>Usage: java Stream.java URL KEY. Prints one line for each call: the HTTP status and the body of the response.
 */
class Stream {
    public static void main(String[] arguments) throws Exception {
        String url = arguments[0], key = arguments[1];
        HttpClient client = HttpClient.newBuilder().proxy(ProxySelector.of(null)).build();
        String to = "<TO>15551234888</TO><FROM>60856</FROM>";
        String slide = "<NAME>n</NAME><SUBJECT>Free</SUBJECT><SLIDE><TEXT>Gr\u00fc\u00dfe \ud83c\udf89</TEXT></SLIDE>";
        for (String inside : new String[] {
            "<ACTION>sendMMS</ACTION>" + to + slide, "<ACTION>saveMMS</ACTION>" + slide, "<ACTION>getMmsIds</ACTION>",
        }) {
            byte[] body = ("<REQUEST><API_KEY>" + key + "</API_KEY>" + inside + "</REQUEST>").getBytes(StandardCharsets.UTF_8);
            HttpRequest request = HttpRequest.newBuilder(URI.create(url))
                .timeout(Duration.ofSeconds(20))
                .header("Content-Type", "text/xml; charset=UTF-8")
                .POST(HttpRequest.BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body)))
                .build();
            HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
            System.out.println(response.statusCode() + " " + response.body().replace("\n", ""));
        }
    }
}
