// Apache CXF in the benchmarks: `Bench serve PORT VALIDATED` serves orders, `Bench call ADDRESS COUNT VALIDATED` calls, one call after the other.
// VALIDATED is true for schema validation both ways, as the bus does it; CXF's own default is false.
// Compiled against what tests/integration/soap_cxf/build.sh has made: CXF's libraries and the classes of erp.wsdl.

import jakarta.xml.ws.BindingProvider;
import jakarta.xml.ws.Endpoint;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.cxf.jaxws.EndpointImpl;

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

    /** As many calls again before, so that the compiler has done its work. Prints calls a second, CPU microseconds a call and resident megabytes. */
    static void call(String address, int count, boolean validated) throws Exception {
        erp.SalesPortType port = new erp.SalesService(Bench.class.getResource("/erp.wsdl")).getSalesPort();
        Map<String, Object> context = ((BindingProvider) port).getRequestContext();
        context.put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, address);
        context.put("schema-validation-enabled", validated);
        erp.CreateSalesOrder order = order();
        for (int at = 0; at < count; at++) {
            port.createSalesOrder(order, null);
        }
        var system = (com.sun.management.OperatingSystemMXBean) java.lang.management.ManagementFactory.getOperatingSystemMXBean();
        long used = system.getProcessCpuTime();
        long began = System.nanoTime();
        for (int at = 0; at < count; at++) {
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
            call(arguments[1], Integer.parseInt(arguments[2]), Boolean.parseBoolean(arguments[3]));
        }
    }
}
