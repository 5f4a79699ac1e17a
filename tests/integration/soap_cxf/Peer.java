// Apache CXF with WSS4J as a foreign peer: `Peer server PORT KEYS` serves, `Peer client BASE KEYS` calls and prints what happened as JSON.

import jakarta.activation.DataHandler;
import jakarta.mail.util.ByteArrayDataSource;
import jakarta.xml.ws.BindingProvider;
import jakarta.xml.ws.Endpoint;
import jakarta.xml.ws.Holder;
import jakarta.xml.ws.soap.SOAPBinding;
import jakarta.xml.ws.soap.SOAPFaultException;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.CallbackHandler;
import org.apache.cxf.interceptor.InterceptorProvider;
import org.apache.cxf.jaxws.EndpointImpl;
import org.apache.cxf.frontend.ClientProxy;
import org.apache.cxf.ws.addressing.WSAddressingFeature;
import org.apache.cxf.ws.security.wss4j.WSS4JInInterceptor;
import org.apache.cxf.ws.security.wss4j.WSS4JOutInterceptor;
import org.apache.wss4j.common.ext.WSPasswordCallback;

public class Peer {
    static final String SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/";
    static final String WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
    static final String GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
    static final String CBC = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";
    static Path keys;

    // -- services ---------------------------------------------------------------------------------------------------------------

    @jakarta.jws.WebService(endpointInterface = "erp.SalesPortType", serviceName = "SalesService", portName = "SalesPort",
        targetNamespace = "urn:example:erp:sales")
    public static class Orders implements erp.SalesPortType {
        public erp.CreateSalesOrderResponse createSalesOrder(erp.CreateSalesOrder order, erp.Caller caller) throws erp.BusinessFault_Exception {
            String system = caller == null ? "-" : caller.getSystem();
            if (order.getCustomer().equals("BLOCKED")) {
                erp.BusinessFault fault = new erp.BusinessFault();
                fault.setCode("E42");
                fault.setMessage("blocked: " + system);
                fault.setField("customer");
                throw new erp.BusinessFault_Exception("the customer is blocked", fault);
            }
            if (order.getCustomer().equals("CRASH")) {
                throw new IllegalStateException("broken");
            }
            StringBuilder told = new StringBuilder(order.getOrderId() + "|" + system);
            for (erp.Line line : order.getLine()) {
                told.append("|" + line.getSku() + "*" + line.getQuantity() + "@" + line.getUnitPrice().getValue().toPlainString()
                    + line.getUnitPrice().getCurrency());
            }
            erp.CreateSalesOrderResponse answer = new erp.CreateSalesOrderResponse();
            answer.setSalesOrderNumber(told.toString());
            answer.setStatus(erp.OrderStatus.CREATED);
            return answer;
        }

        public erp.GetSalesOrderResponse getSalesOrder(erp.GetSalesOrder asked, erp.Caller caller) {
            erp.GetSalesOrderResponse answer = new erp.GetSalesOrderResponse();
            answer.setSalesOrderNumber(asked.getSalesOrderNumber());
            answer.setOrderId("A1");
            answer.setCustomer("ALFKI");
            answer.setStatus(erp.OrderStatus.SHIPPED);
            answer.getLine().add(line("s", 1, "1.50"));
            erp.Price total = new erp.Price();
            total.setValue(new BigDecimal("1.50"));
            total.setCurrency("EUR");
            answer.setTotal(total);
            return answer;
        }
    }

    @jakarta.jws.WebService(endpointInterface = "erp12.SalesPortType", serviceName = "SalesService", portName = "SalesPort",
        targetNamespace = "urn:example:erp:sales")
    @jakarta.xml.ws.BindingType(SOAPBinding.SOAP12HTTP_BINDING)
    public static class Orders12 implements erp12.SalesPortType {
        public erp12.CreateSalesOrderResponse createSalesOrder(erp12.CreateSalesOrder order, erp12.Caller caller)
            throws erp12.BusinessFault_Exception {
            if (order.getCustomer().equals("BLOCKED")) {
                erp12.BusinessFault fault = new erp12.BusinessFault();
                fault.setCode("E42");
                fault.setMessage("blocked");
                throw new erp12.BusinessFault_Exception("the customer is blocked", fault);
            }
            erp12.CreateSalesOrderResponse answer = new erp12.CreateSalesOrderResponse();
            answer.setSalesOrderNumber(order.getOrderId() + "|" + (caller == null ? "-" : caller.getSystem()));
            answer.setStatus(erp12.OrderStatus.CREATED);
            return answer;
        }

        public erp12.GetSalesOrderResponse getSalesOrder(erp12.GetSalesOrder asked, erp12.Caller caller) {
            throw new IllegalStateException("broken");
        }
    }

    @jakarta.jws.WebService(endpointInterface = "quotes.Quotes", serviceName = "Quotes", portName = "Quotes", targetNamespace = "urn:example:quotes")
    public static class Legacy implements quotes.Quotes {
        public void price(quotes.Item item, int quantity, Holder<BigDecimal> total, Holder<quotes.Item> echo) {
            total.value = item.getPrice().multiply(BigDecimal.valueOf(quantity));
            echo.value = item;
        }

        public boolean ping() {
            return true;
        }
    }

    @jakarta.jws.WebService(endpointInterface = "files.Files", serviceName = "Files", portName = "Files", targetNamespace = "urn:example:files")
    public static class Store implements files.Files {
        public void store(String name, DataHandler content, Holder<Long> size, Holder<byte[]> sha256) {
            try {
                MessageDigest digest = MessageDigest.getInstance("SHA-256");
                byte[] buffer = new byte[65536];
                long count = 0;
                try (var in = content.getInputStream()) {
                    for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                        digest.update(buffer, 0, read);
                        count += read;
                    }
                }
                size.value = count;
                sha256.value = digest.digest();
            } catch (Exception error) {
                throw new IllegalStateException(error);
            }
        }

        public DataHandler fetch(int size) {
            return content(size);
        }
    }

    static DataHandler content(int size) {
        byte[] data = new byte[size];
        for (int at = 0; at < size; at++) {
            data[at] = (byte) (at * 7);
        }
        return new DataHandler(new ByteArrayDataSource(data, "application/octet-stream"));
    }

    // -- security ---------------------------------------------------------------------------------------------------------------

    static Certificate certificate(String name) throws Exception {
        try (FileInputStream in = new FileInputStream(keys.resolve(name + ".crt").toFile())) {
            return CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }

    /** A key store with our own key (them) and the partner's certificate (us). */
    static Properties crypto() throws Exception {
        Path file = keys.resolve("cxf-" + ProcessHandle.current().pid() + ".p12");
        if (!Files.exists(file)) {
            String pem = Files.readString(keys.resolve("them.key")).replaceAll("-----[A-Z ]+-----|\\s", "");
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry("them",
                KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem))),
                "changeit".toCharArray(), new Certificate[] {certificate("them")});
            store.setCertificateEntry("us", certificate("us"));
            try (FileOutputStream out = new FileOutputStream(file.toFile())) {
                store.store(out, "changeit".toCharArray());
            }
            file.toFile().deleteOnExit();
        }
        Properties properties = new Properties();
        properties.put("org.apache.wss4j.crypto.provider", "org.apache.wss4j.common.crypto.Merlin");
        properties.put("org.apache.wss4j.crypto.merlin.keystore.type", "PKCS12");
        properties.put("org.apache.wss4j.crypto.merlin.keystore.password", "changeit");
        properties.put("org.apache.wss4j.crypto.merlin.keystore.file", file.toString());
        return properties;
    }

    static final CallbackHandler PASSWORDS = callbacks -> {
        for (Callback callback : callbacks) {
            WSPasswordCallback asked = (WSPasswordCallback) callback;
            asked.setPassword(asked.getUsage() == WSPasswordCallback.USERNAME_TOKEN ? "s3cret" : "changeit");
        }
    };

    static Map<String, Object> security(String kind, boolean out) throws Exception {
        Map<String, Object> told = new HashMap<>();
        told.put("passwordCallbackRef", PASSWORDS);
        if (kind.startsWith("user")) {
            told.put("action", "UsernameToken Timestamp");
            told.put("passwordType", kind.equals("usertext") ? "PasswordText" : "PasswordDigest");
            told.put("user", "partner");
            return told;
        }
        told.put("crypto", crypto());
        told.put("signaturePropRefId", "crypto");
        told.put("signatureVerificationPropRefId", "crypto");
        told.put("encryptionPropRefId", "crypto");
        told.put("decryptionPropRefId", "crypto");
        told.put("user", "them");
        told.put("signatureUser", "them");
        told.put("encryptionUser", "us");
        told.put("signatureKeyIdentifier", kind.equals("signedserial") ? "IssuerSerial" : "DirectReference");
        told.put("signatureAlgorithm", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
        told.put("signatureDigestAlgorithm", "http://www.w3.org/2001/04/xmlenc#sha256");
        String parts = "{Element}{" + WSU + "}Timestamp;{Element}{" + SOAP11 + "}Body";
        told.put("signatureParts", parts);
        told.put("encryptionSymAlgorithm", kind.equals("cbc") ? CBC : GCM);
        told.put("encryptionKeyTransportAlgorithm", "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p");
        told.put("encryptionKeyIdentifier", kind.equals("cbc") ? "IssuerSerial" : "Thumbprint");
        told.put("encryptionParts", "{Content}{" + SOAP11 + "}Body");
        if (kind.startsWith("signed")) {
            told.put("action", "Timestamp Signature");
        } else if (kind.equals("encsign")) {
            told.put("action", "Timestamp Encrypt Signature");
        } else if (kind.equals("all")) {
            told.put("action", "UsernameToken Timestamp Signature Encrypt");
            told.put("passwordType", "PasswordDigest");
            told.put("user", "partner");
            told.put("encryptionParts", "{Content}{" + SOAP11 + "}Body;{Element}{http://www.w3.org/2000/09/xmldsig#}Signature");
        } else {
            told.put("action", "Timestamp Signature Encrypt");
        }
        return told;
    }

    static final String[] KINDS = {"user", "usertext", "signed", "signedserial", "signenc", "encsign", "cbc", "all"};

    static void secure(InterceptorProvider end, String kind, boolean server) throws Exception {
        WSS4JOutInterceptor out = new WSS4JOutInterceptor(security(kind, true));
        WSS4JInInterceptor in = new WSS4JInInterceptor(security(kind, false));
        boolean oneWay = kind.startsWith("user");
        if (!server || !oneWay) {
            end.getOutInterceptors().add(out);
        }
        if (server || !oneWay) {
            end.getInInterceptors().add(in);
        }
        if (server && !oneWay) {
            end.getOutFaultInterceptors().add(out);
        }
        if (!server && !oneWay) {
            end.getInFaultInterceptors().add(in);
        }
    }

    // -- server -----------------------------------------------------------------------------------------------------------------

    static void serve(String port) throws Exception {
        String base = "http://127.0.0.1:" + port;
        Endpoint.publish(base + "/orders", new Orders());
        Endpoint.publish(base + "/orders12", new Orders12());
        Endpoint.publish(base + "/legacy", new Legacy());
        EndpointImpl addressed = (EndpointImpl) Endpoint.create(new Orders());
        addressed.getFeatures().add(addressing());
        addressed.publish(base + "/addressed");
        EndpointImpl store = (EndpointImpl) Endpoint.create(new Store());
        store.publish(base + "/files");
        ((SOAPBinding) store.getBinding()).setMTOMEnabled(true);
        for (String kind : KINDS) {
            EndpointImpl end = (EndpointImpl) Endpoint.create(new Orders());
            secure(end, kind, true);
            end.publish(base + "/" + kind);
        }
        System.out.println("ready");
        System.in.read();  // until whoever started us goes away
        System.exit(0);
    }

    static WSAddressingFeature addressing() {
        WSAddressingFeature feature = new WSAddressingFeature();
        feature.setAddressingRequired(true);
        return feature;
    }

    // -- client -----------------------------------------------------------------------------------------------------------------

    interface Case {
        String run() throws Exception;
    }

    static final Map<String, String> RESULTS = new TreeMap<>();

    static void run(String name, Case one) {
        try {
            RESULTS.put(name, one.run());
        } catch (SOAPFaultException error) {
            RESULTS.put(name, "fault " + error.getFault().getFaultCode() + ": " + error.getFault().getFaultString());
        } catch (Throwable error) {
            Throwable cause = error;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            RESULTS.put(name, "error " + error + " / " + cause);
        }
    }

    static erp.Line line(String sku, int quantity, String price) {
        erp.Line line = new erp.Line();
        line.setSku(sku);
        line.setQuantity(quantity);
        erp.Price unit = new erp.Price();
        unit.setValue(new BigDecimal(price));
        unit.setCurrency("EUR");
        line.setUnitPrice(unit);
        return line;
    }

    static erp.CreateSalesOrder order(String customer) {
        erp.CreateSalesOrder order = new erp.CreateSalesOrder();
        order.setOrderId("C1");
        order.setCustomer(customer);
        order.getLine().add(line("x & <y>", 2, "12345678901234567.89"));
        order.getLine().add(line("zw\u00f6lf", 1, "0.10"));
        return order;
    }

    static erp.SalesPortType sales(String address) {
        erp.SalesPortType port = new erp.SalesService(Peer.class.getResource("erp.wsdl")).getSalesPort();
        ((BindingProvider) port).getRequestContext().put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, address);
        return port;
    }

    static erp.Caller caller() {
        erp.Caller caller = new erp.Caller();
        caller.setSystem("cxf");
        return caller;
    }

    static void call(String base) throws Exception {
        erp.SalesPortType orders = sales(base + "/orders");
        run("orders", () -> orders.createSalesOrder(order("ALFKI"), caller()).getSalesOrderNumber());
        run("orders fault", () -> {
            try {
                return orders.createSalesOrder(order("BLOCKED"), caller()).getSalesOrderNumber();
            } catch (erp.BusinessFault_Exception fault) {
                return fault.getMessage() + "|" + fault.getFaultInfo().getCode() + "|" + fault.getFaultInfo().getMessage();
            }
        });
        run("orders crash", () -> orders.createSalesOrder(order("CRASH"), caller()).getSalesOrderNumber());
        run("orders invalid", () -> {
            erp.CreateSalesOrder broken = order("ALFKI");
            broken.getLine().get(0).setQuantity(0);
            return orders.createSalesOrder(broken, caller()).getSalesOrderNumber();
        });
        run("orders12", () -> {
            erp12.SalesPortType port = new erp12.SalesService(Peer.class.getResource("erp12.wsdl")).getSalesPort();
            ((BindingProvider) port).getRequestContext().put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, base + "/orders12");
            erp12.CreateSalesOrder order = new erp12.CreateSalesOrder();
            order.setOrderId("C2");
            order.setCustomer("ALFKI");
            erp12.Line line = new erp12.Line();
            line.setSku("s");
            line.setQuantity(1);
            erp12.Price price = new erp12.Price();
            price.setValue(BigDecimal.ONE);
            price.setCurrency("EUR");
            line.setUnitPrice(price);
            order.getLine().add(line);
            erp12.Caller caller = new erp12.Caller();
            caller.setSystem("cxf");
            String told = port.createSalesOrder(order, caller).getSalesOrderNumber();
            order.setCustomer("BLOCKED");
            try {
                port.createSalesOrder(order, caller);
                return "no fault";
            } catch (erp12.BusinessFault_Exception fault) {
                return told + "|" + fault.getFaultInfo().getCode();
            }
        });
        run("legacy", () -> {
            quotes.Quotes port = new quotes.Quotes_Service(Peer.class.getResource("quotes.wsdl")).getQuotes();
            ((BindingProvider) port).getRequestContext().put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, base + "/legacy");
            quotes.Item item = new quotes.Item();
            item.setSku("x");
            item.setPrice(new BigDecimal("19.99"));
            item.getTag().add("one");
            Holder<BigDecimal> total = new Holder<>();
            Holder<quotes.Item> echo = new Holder<>();
            port.price(item, 3, total, echo);
            return total.value + "|" + echo.value.getSku() + "|" + echo.value.getTag() + "|" + port.ping();
        });
        run("addressed", () -> {
            erp.SalesPortType port = new erp.SalesService(Peer.class.getResource("erp.wsdl")).getSalesPort(addressing().isAddressingRequired()
                ? new jakarta.xml.ws.soap.AddressingFeature(true, true) : new jakarta.xml.ws.soap.AddressingFeature(false));
            ((BindingProvider) port).getRequestContext().put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, base + "/addressed");
            return port.createSalesOrder(order("ALFKI"), caller()).getStatus().value();
        });
        for (boolean mtom : new boolean[] {true, false}) {
            files.Files port = new files.Files_Service(Peer.class.getResource("files.wsdl")).getFiles(new jakarta.xml.ws.soap.MTOMFeature(mtom));
            ((BindingProvider) port).getRequestContext().put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, base + "/files");
            String name = mtom ? "files mtom" : "files inline";
            run(name, () -> {
                Holder<Long> size = new Holder<>();
                Holder<byte[]> sha256 = new Holder<>();
                port.store("a", content(100_000), size, sha256);
                long fetched = 0;
                try (var in = port.fetch(70_000).getInputStream()) {
                    fetched = in.readAllBytes().length;
                }
                return size.value + "|" + java.util.HexFormat.of().formatHex(sha256.value) + "|" + fetched;
            });
        }
        for (String kind : KINDS) {
            erp.SalesPortType port = sales(base + "/" + kind);
            secure(ClientProxy.getClient(port), kind, false);
            run(kind, () -> port.createSalesOrder(order("ALFKI"), caller()).getStatus().value());
            run(kind + " fault", () -> {
                try {
                    return port.createSalesOrder(order("BLOCKED"), caller()).getStatus().value();
                } catch (erp.BusinessFault_Exception fault) {
                    return fault.getFaultInfo().getCode();
                }
            });
            erp.SalesPortType bare = sales(base + "/" + kind);
            run(kind + " missing", () -> bare.createSalesOrder(order("ALFKI"), caller()).getStatus().value());
        }
        List<String> told = new ArrayList<>();
        RESULTS.forEach((name, value) -> told.add(quoted(name) + ": " + quoted(value)));
        System.out.println("{" + String.join(", ", told) + "}");
        System.exit(0);
    }

    /** Calls one after the other; prints calls a second, CPU microseconds a call, and nothing of the memory. */
    static void bench(String address, int count) throws Exception {
        erp.SalesPortType port = sales(address);
        erp.CreateSalesOrder order = new erp.CreateSalesOrder();
        order.setOrderId("A1");
        order.setCustomer("ALFKI");
        order.getLine().add(line("PEN-1", 2, "1.50"));
        for (int at = 0; at < count; at++) {
            port.createSalesOrder(order, null);
        }
        var system = (com.sun.management.OperatingSystemMXBean) java.lang.management.ManagementFactory.getOperatingSystemMXBean();
        long began = System.nanoTime();
        long used = system.getProcessCpuTime();
        for (int at = 0; at < count; at++) {
            port.createSalesOrder(order, null);
        }
        double took = (System.nanoTime() - began) / 1e9;
        double own = (system.getProcessCpuTime() - used) / 1e3 / count;
        System.out.println(count / took + " " + own + " nan");
        System.exit(0);
    }

    static String quoted(String text) {
        StringBuilder told = new StringBuilder("\"");
        for (char one : String.valueOf(text).toCharArray()) {
            told.append(one < ' ' || one == '"' || one == '\\' || one > '~' ? String.format("\\u%04x", (int) one) : String.valueOf(one));
        }
        return told + "\"";
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("bench")) {
            bench(arguments[1], Integer.parseInt(arguments[2]));
            return;
        }
        if (arguments[0].equals("plain")) {
            Endpoint.publish("http://127.0.0.1:" + arguments[1] + "/orders", new Orders());
            System.out.println("ready");
            Thread.currentThread().join();
        }
        keys = Path.of(arguments[2]);
        if (arguments[0].equals("server")) {
            serve(arguments[1]);
        } else {
            call(arguments[1]);
        }
    }
}
