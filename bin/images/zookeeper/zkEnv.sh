# Sourced by zkServer.sh and zkCli.sh (Debian's, unchanged): where things are and how large the heap is, by the variables ZooKeeper
# documents. Debian's own copy points into /usr/share/java and /etc/zookeeper, which this image does not have.
# shellcheck shell=bash disable=SC2034 # the variables are read by the scripts that source this file

ZOOKEEPER_PREFIX="$(cd "$ZOOBINDIR/.." && pwd)"

# zkServer.sh --config DIR <command>
if [ $# -gt 1 ] && [ "$1" = "--config" ]; then
  ZOOCFGDIR=$2
  shift 2
fi
: "${ZOOCFGDIR:=${ZOO_CONF_DIR:-$ZOOKEEPER_PREFIX/conf}}"

if [ -f "$ZOOCFGDIR/zookeeper-env.sh" ]; then . "$ZOOCFGDIR/zookeeper-env.sh"; fi
: "${ZOOCFG:=zoo.cfg}"
case $ZOOCFG in */*) ;; *) ZOOCFG="$ZOOCFGDIR/$ZOOCFG" ;; esac
if [ -f "$ZOOCFGDIR/java.env" ]; then . "$ZOOCFGDIR/java.env"; fi

: "${ZOO_LOG_DIR:=$ZOOKEEPER_PREFIX/logs}"
if [ -n "$JAVA_HOME" ]; then JAVA="$JAVA_HOME/bin/java"; else JAVA=java; fi

# The configuration directory comes first: a logback.xml in it wins over any other.
CLASSPATH="$ZOOCFGDIR:$ZOOKEEPER_PREFIX/lib/*${CLASSPATH:+:$CLASSPATH}"

export SERVER_JVMFLAGS="-Xmx${ZK_SERVER_HEAP:-1000}m $SERVER_JVMFLAGS"
export CLIENT_JVMFLAGS="-Xmx${ZK_CLIENT_HEAP:-256}m $CLIENT_JVMFLAGS"
