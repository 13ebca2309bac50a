import java.util.Map;
import java.util.TreeMap;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.apache.curator.x.discovery.ServiceDiscovery;
import org.apache.curator.x.discovery.ServiceDiscoveryBuilder;
import org.apache.curator.x.discovery.ServiceInstance;
import org.apache.curator.x.discovery.details.JsonInstanceSerializer;

/**
 * A Java service on Curator's service discovery, with a payload class of "Object", "Void" or "Map".
 *
 *   Discovery CONNECT ROOT PAYLOAD list SERVICE                           says "FOUND id address port" for each instance, then "END"
 *   Discovery CONNECT ROOT PAYLOAD register SERVICE ID ADDRESS PORT       says "REGISTERED", and ends with its standard input
 */
public final class Discovery {
  public static void main(String[] arguments) throws Exception {
    Class<?> payload = Map.of("Object", Object.class, "Void", Void.class, "Map", Map.class).get(arguments[2]);
    try (CuratorFramework client = CuratorFrameworkFactory.newClient(arguments[0], new RetryOneTime(200))) {
      client.start();
      run(client, payload, arguments);
    }
  }

  private static <T> void run(CuratorFramework client, Class<T> payload, String[] arguments) throws Exception {
    ServiceDiscovery<T> discovery =
        ServiceDiscoveryBuilder.builder(payload)
            .client(client)
            .basePath(arguments[1])
            .serializer(new JsonInstanceSerializer<>(payload))
            .build();
    discovery.start();
    if (arguments[3].equals("list")) {
      TreeMap<String, ServiceInstance<T>> found = new TreeMap<>();
      for (ServiceInstance<T> instance : discovery.queryForInstances(arguments[4])) found.put(instance.getId(), instance);
      found.values().forEach(one -> System.out.println("FOUND " + one.getId() + " " + one.getAddress() + " " + one.getPort()));
      System.out.println("END");
    } else {
      discovery.registerService(
          ServiceInstance.<T>builder()
              .name(arguments[4])
              .id(arguments[5])
              .address(arguments[6])
              .port(Integer.parseInt(arguments[7]))
              .build());
      System.out.println("REGISTERED");
      while (System.in.read() != -1) {}
    }
    discovery.close();
  }
}
