// Apache CXF in the benchmarks: `Bench serve PORT VALIDATED` serves orders, `Bench call ADDRESS WARM-UP SECONDS VALIDATED` calls, one call
// after the other.
// VALIDATED is true for schema validation both ways, as the bus does it; CXF's own default is false.
// Compiled against what tests/integration/soap_cxf/build.sh has made: CXF's libraries and the classes of erp.wsdl.

import jakarta.xml.ws.BindingProvider;
import jakarta.xml.ws.Endpoint;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.cxf.frontend.ClientProxy;
import org.apache.cxf.jaxws.EndpointImpl;
import org.apache.cxf.transport.http.HTTPConduit;
import org.apache.cxf.transports.http.configuration.HTTPClientPolicy;

public class Bench {
    @jakarta.jws.WebService(endpointInterface = "erp.SalesPortType", serviceName = "SalesService", portName = "SalesPort",
        targetNamespace = "urn:example:erp:sales", wsdlLocation = "classpath:erp.wsdl")
    public static class Orders implements erp.SalesPortType {
        public erp.CreateSalesOrderResponse createSalesOrder(erp.CreateSalesOrder order, erp.Caller caller) {
            erp.CreateSalesOrderResponse answer = new erp.CreateSalesOrderResponse();
            answer.setSalesOrderNumber(order.getOrderId());
            answer.setStatus(erp.OrderStatus.CREATED);
            return answer;
        }

        public erp.GetSalesOrderResponse getSalesOrder(erp.GetSalesOrder asked, erp.Caller caller) {
            throw new UnsupportedOperationException();
        }
    }

    static void serve(String port, boolean validated) throws Exception {
        EndpointImpl endpoint = (EndpointImpl) Endpoint.create(new Orders());
        endpoint.setProperties(Map.of("schema-validation-enabled", validated));
        endpoint.publish("http://127.0.0.1:" + port + "/orders");
        Thread.currentThread().join();
    }

    static erp.CreateSalesOrder order() {
        erp.Price price = new erp.Price();
        price.setValue(new BigDecimal("1.50"));
        price.setCurrency("EUR");
        erp.Line line = new erp.Line();
        line.setSku("PEN-1");
        line.setQuantity(2);
        line.setUnitPrice(price);
        erp.CreateSalesOrder order = new erp.CreateSalesOrder();
        order.setOrderId("A1");
        order.setCustomer("ALFKI");
        order.getLine().add(line);
        return order;
    }

    /** Warms up for so many seconds, so that the compiler has done its work. Prints calls a second, CPU microseconds a call and resident megabytes. */
    static void call(String address, double warmUp, double seconds, boolean validated) throws Exception {
        erp.SalesPortType port = new erp.SalesService(Bench.class.getResource("/erp.wsdl")).getSalesPort();
        Map<String, Object> context = ((BindingProvider) port).getRequestContext();
        context.put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, address);
        context.put("schema-validation-enabled", validated);
        // Its own default asks for HTTP/2 with each request, which the others do not.
        HTTPClientPolicy policy = new HTTPClientPolicy();
        policy.setVersion("1.1");
        ((HTTPConduit) ClientProxy.getClient(port).getConduit()).setClient(policy);
        erp.CreateSalesOrder order = order();
        for (long ends = System.nanoTime() + (long) (warmUp * 1e9); System.nanoTime() < ends;) {
            port.createSalesOrder(order, null);
        }
        var system = (com.sun.management.OperatingSystemMXBean) java.lang.management.ManagementFactory.getOperatingSystemMXBean();
        long used = system.getProcessCpuTime();
        long began = System.nanoTime();
        int count = 0;
        for (; System.nanoTime() - began < seconds * 1e9; count++) {
            port.createSalesOrder(order, null);
        }
        double took = (System.nanoTime() - began) / 1e9;
        double own = (system.getProcessCpuTime() - used) / 1e3 / count;
        String resident = Files.readAllLines(Path.of("/proc/self/status")).stream().filter(line -> line.startsWith("VmRSS:")).findFirst().get();
        double megabytes = Long.parseLong(resident.replaceAll("[^0-9]", "")) / 1024.0;
        System.out.println(count / took + " " + own + " " + megabytes + " " + megabytes + " " + megabytes);
        System.exit(0);
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("serve")) {
            serve(arguments[1], Boolean.parseBoolean(arguments[2]));
        } else {
            call(arguments[1], Double.parseDouble(arguments[2]), Double.parseDouble(arguments[3]), Boolean.parseBoolean(arguments[4]));
        }
    }
}
