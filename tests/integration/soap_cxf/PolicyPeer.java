// Apache CXF with its own WS-SecurityPolicy engine: `PolicyPeer server PORT KEYS WSDL...` serves each at /NAME, as its policy says;
// `PolicyPeer client BASE KEYS WSDL...` calls each at BASE/NAME and prints NAME, a tab, and what came of it. Beside the classes of Peer.

import jakarta.xml.ws.BindingProvider;
import jakarta.xml.ws.Endpoint;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.cxf.jaxws.EndpointImpl;

public class PolicyPeer {
    static Map<String, Object> credentials(String name) throws Exception {
        Map<String, Object> told = new HashMap<>();
        told.put("ws-security.signature.properties", Peer.crypto());
        told.put("ws-security.encryption.properties", Peer.crypto());
        told.put("ws-security.signature.username", "them");
        told.put("ws-security.encryption.username", "us");
        told.put("ws-security.username", "partner");
        told.put("ws-security.callback-handler", Peer.PASSWORDS);
        if (!name.startsWith("gcm")) {  // by the letter this and all suites sign with SHA-1
            told.put("ws-security.asymmetric.signature.algorithm", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
        }
        return told;
    }

    static String name(String wsdl) {
        return Path.of(wsdl).getFileName().toString().replace(".wsdl", "");
    }

    static void serve(String port, String[] wsdls) throws Exception {
        for (int at = 3; at < wsdls.length; at++) {
            EndpointImpl end = (EndpointImpl) Endpoint.create(new Peer.Orders());
            end.setWsdlLocation(Path.of(wsdls[at]).toUri().toString());
            end.setProperties(credentials(name(wsdls[at])));
            end.publish("http://127.0.0.1:" + port + "/" + name(wsdls[at]));
        }
        System.out.println("ready");
        System.in.read();  // until whoever started us goes away
        System.exit(0);
    }

    static void call(String base, String[] wsdls) {
        for (int at = 3; at < wsdls.length; at++) {
            String wsdl = wsdls[at];
            String told;
            try {
                erp.SalesPortType port = new erp.SalesService(Path.of(wsdl).toUri().toURL()).getSalesPort();
                Map<String, Object> context = ((BindingProvider) port).getRequestContext();
                context.putAll(credentials(name(wsdl)));
                context.put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, base + "/" + name(wsdl));
                told = port.createSalesOrder(Peer.order("ALFKI"), Peer.caller()).getStatus().value();
            } catch (Throwable error) {
                Throwable cause = error;
                while (cause.getCause() != null) {
                    cause = cause.getCause();
                }
                told = error + " / " + cause;
            }
            System.out.println(name(wsdl) + "\t" + told.replaceAll("\\s+", " "));
        }
        System.exit(0);
    }

    public static void main(String[] arguments) throws Exception {
        Peer.keys = Path.of(arguments[2]);
        if (arguments[0].equals("server")) {
            serve(arguments[1], arguments);
        } else {
            call(arguments[1], arguments);
        }
    }
}
