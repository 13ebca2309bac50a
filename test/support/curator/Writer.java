import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryForever;
import org.apache.zookeeper.KeeperException;

/**
 * A client as people write them: Curator with its defaults, but for the tracker told by the second argument. Writes numbered znodes without
 * end, one after the other, until its standard input closes; then counts what is there.
 *
 *   Writer CONNECT tracker|no-tracker ROOT
 *
 * Says: "CONNECT string" whenever the connection string changes, "ACK n" for every write that was acknowledged, "RETRY n why", and at
 * the end "FOUND n" for each znode there is, then "END".
 */
public final class Writer {
  public static void main(String[] arguments) throws Exception {
    String root = arguments[2];
    CuratorFramework client =
        CuratorFrameworkFactory.builder()
            .connectString(arguments[0])
            .ensembleTracker(arguments[1].equals("tracker"))
            .sessionTimeoutMs(10_000)
            .connectionTimeoutMs(5_000)
            .retryPolicy(new RetryForever(200))
            .build();
    client.start();
    AtomicReference<String> known = new AtomicReference<>("");
    Thread ended =
        new Thread(
            () -> {
              try {
                while (System.in.read() != -1) {}
              } catch (java.io.IOException error) {
                say("STDIN " + error);
              }
            });
    ended.setDaemon(true);
    ended.start();

    client.create().orSetData().creatingParentsIfNeeded().forPath(root);
    for (int number = 1; ended.isAlive(); number++) {
      write(client, root, number);
      String connection = client.getZookeeperClient().getCurrentConnectionString();
      if (!connection.equals(known.getAndSet(connection))) say("CONNECT " + connection);
      Thread.sleep(20);
    }
    client.sync().forPath(root);
    for (String child : client.getChildren().forPath(root)) say("FOUND " + Integer.parseInt(child.substring(2)));
    client.close();
    say("END");
  }

  private static void write(CuratorFramework client, String root, int number) throws Exception {
    String path = String.format("%s/n-%06d", root, number);
    byte[] data = Integer.toString(number).getBytes(StandardCharsets.UTF_8);
    while (true) {
      try {
        client.create().forPath(path, data);
        say("ACK " + number);
        return;
      } catch (KeeperException.NodeExistsException error) {
        // The reply of an earlier try was lost.
        say("ACK " + number);
        return;
      } catch (KeeperException error) {
        say("RETRY " + number + " " + error.code());
      }
    }
  }

  private static synchronized void say(String line) {
    System.out.println(line);
    System.out.flush();
  }
}
